"""Files of a results folder rot: what they held is run again, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter

GRIDS = "[[grid]]\nepochs = 2\nseed = [0, 1, 2, 3]\n"


def strike(path: Path) -> None:
    """Damage a file: its second half is gone."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_damaged_files_are_set_aside_and_named_and_what_they_held_is_run_again(
    tmp_path: Path, launch: Callable[..., LaunchOutcome], recorder: Any, sweep: Any
) -> None:
    made, expected = sweep(tmp_path / "made", GRIDS), sweep(tmp_path / "expected", GRIDS)
    for each in (made, expected):
        each.run_here(0, 1)
        compact(Store.open(each.folder / "results"))
        each.run_here(1)
    store = Store.open(made.folder / "results")
    compacted, rotten, _, begun = [planned.trial for planned in made.planned]
    strike(Path(store.manifest))
    (part,) = Path(store.tables).glob("*-epochs.parquet")
    strike(part)
    strike(Path(store.live_file(rotten.trial_id)))
    TrialWriter(store, begun, Provenance("", "", "{}")).end("interrupted", "stopped by the user")
    store.checkpoint_file(begun.trial_id).parent.mkdir(exist_ok=True)
    store.checkpoint_file(begun.trial_id).write_bytes(b"gensweep, or so it says" * 10)

    display, said = recorder(), []
    display.said = said.append
    summary = launch(made.text, made.folder, display)
    assert summary == LaunchOutcome(Counter(done=4), interrupted=False)
    assert set(display.starts) == {trial.trial_id for trial in (compacted, rotten, begun)}
    assert made.rows() == expected.rows()
    assert Counter(status.status for status in made.known()) == {"done": 4}
    named = [
        store.manifest.name,
        part.name,
        f"{rotten.trial_id}.parquet",
        f"{begun.trial_id}.ckpt",
    ]
    assert {path.name for path in Path(store.quarantine).iterdir()} >= set(named)
    for name in named:
        assert [line for line in said if name in line], name
    (starts_over,) = [line for line in said if f"checkpoint of trial {begun.trial_id}" in line]
    assert starts_over.endswith("and the trial starts over")
