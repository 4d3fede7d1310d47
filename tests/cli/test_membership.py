"""Two files of one name: what a launch would take out of a sweep is said before it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import sweep_rows

Gensweep = Callable[..., Any]
SWEEP = 'name = "mine"\nseeds = {}\n[[grid]]\ntrainable = "{}"\n'


def sweep(seeds: list[int], trainable: str = "expressivity") -> str:
    return SWEEP.format(seeds, trainable)


@pytest.fixture
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the sweep of seeds 0 and 1 was launched."""
    monkeypatch.chdir(tmp_path)
    store = Store.create(tmp_path / "results")
    planned = [(p.trial, p.feeds) for p in plan(parse_spec(sweep([0, 1]), "old.toml"))]
    publish_table(store.root, store.sweep_file("mine"), sweep_rows("mine", planned))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (sweep([0, 1]), 0),
        (sweep([0, 1, 2]), 0),
        (sweep([1]), 1),
        (sweep([0, 1], "capacity"), 2),
        (sweep([5, 6]).replace("mine", "yours"), 0),
    ],
    ids=["the same", "grown", "shrunk", "another", "another name"],
)
@pytest.mark.parametrize("command", [("plan",), ("launch", "--dry-run")], ids=["plan", "launch"])
def test_only_a_file_that_takes_trials_out_of_a_sweep_is_warned_of(
    gensweep: Gensweep, launched: Path, command: tuple[str, ...], text: str, gone: int
) -> None:
    (launched / "new.toml").write_text(text)
    done = gensweep(*command, "new.toml")
    assert done.code == 0
    said = (
        f"gensweep: warning: sweep mine: {gone} of its trials in these results are not in "
        "new.toml; a launch takes them out of the sweep, and keeps their rows; "
        "give each sweep file a name of its own\n"
    )
    assert done.err == (said if gone else "")


def test_only_some_trials_of_the_file_are_no_other_sweep(
    gensweep: Gensweep, launched: Path
) -> None:
    (launched / "new.toml").write_text(sweep([0, 1]))
    assert gensweep("plan", "new.toml", "--only", "seed = 0").err == ""
