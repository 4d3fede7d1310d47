"""However often trials are compacted, and again, their rows are in few parts, and right."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensweep.orchestrator.store import inside, leftovers
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leftovers import remove_leftovers
from gensweep.orchestrator.store.schemas import LIVE

Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module", autouse=True)
def no_flushing() -> Iterator[None]:
    """What is not about crashes need not wait for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inside.os, "fsync", lambda file: None)
        yield


def trial_id(about: str) -> str:
    return sha256(about.encode()).hexdigest()[:12]


@dataclass
class Trials:
    """A plain account of what is in a folder: of every trial its last attempt."""

    store: Store
    attempts: Counter[str] = field(default_factory=Counter)

    def run(self, about: str) -> None:
        """As many epochs as attempts, and twice as many steps."""
        name = trial_id(about)
        self.attempts[name] += 1
        n = self.attempts[name]
        row = {
            "trial_id": name,
            "trainable": "noop",
            "config": "{}",
            "status": "done",
            "attempts": n,
            "model": f"of {name}",
            "epoch_rows": [{"epoch": e, "train_loss": n + e / 10} for e in range(n)],
            "step_rows": [{"step": s, "train_loss": n + s / 10} for s in range(2 * n)],
        }
        publish_table(
            self.store.root, self.store.live_file(name), pa.Table.from_pylist([row], schema=LIVE)
        )

    def expected(self) -> Rows:
        known = sorted(self.attempts.items())
        return {
            "trials": [(i, n, f"of {i}") for i, n in known],
            "epochs": [(i, e, n + e / 10) for i, n in known for e in range(n)],
            "steps": [(i, s, n + s / 10) for i, n in known for s in range(2 * n)],
        }


COLUMNS = {
    "trials": ["trial_id", "attempts", "model"],
    "epochs": ["trial_id", "epoch", "train_loss"],
    "steps": ["trial_id", "step", "train_loss"],
}


def parts(store: Store) -> list[Rows]:
    """What each part holds, in the manifest's order."""
    named = json.loads((store.root / "manifest.json").read_text())["files"]
    counts = {len(names) for names in named.values()}
    assert len(counts) == 1
    found = []
    for i in range(counts.pop()):
        read = {t: pq.read_table(store.root / "tables" / named[t][i]) for t in COLUMNS}
        found.append(
            {
                t: [tuple(r.values()) for r in read[t].select(COLUMNS[t]).to_pylist()]
                for t in COLUMNS
            }
        )
    return found


@settings(max_examples=25)
@given(st.lists(st.sets(st.sampled_from("abcdefghijkl"), max_size=8), max_size=8))
def test_after_any_compactions_every_trial_has_the_rows_of_its_last_attempt_in_one_part(
    batches: list[set[str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Store.create(Path(folder) / "results"))
        for batch in filter(None, batches):
            for name in sorted(batch):
                trials.run(name)
            assert compact(trials.store).trials == len(batch)
            found = parts(trials.store)
            for table, expected in trials.expected().items():
                assert sorted(row for part in found for row in part[table]) == expected
            ids = [{table: {r[0] for r in rows} for table, rows in part.items()} for part in found]
            assert all(part["trials"] == part["epochs"] == part["steps"] for part in ids)
            assert sum(len(part["trials"]) for part in ids) == len(trials.attempts)
            assert list(trials.store.live.iterdir()) == []
            # Each part is more than twice as large as the next, so there are few.
            sizes = [len(part["trials"]) for part in found]
            assert all(a > 2 * b for a, b in pairwise(sizes))
            assert len(sizes) <= math.log2(sum(sizes)) + 1


def test_the_work_and_the_files_grow_with_the_logarithm_of_the_number_of_compactions(
    store: Store,
) -> None:
    trials, n, written, before = Trials(store), 60, 0, set[str]()
    for i in range(n):
        trials.run(f"{i:04d}")
        compact(store)
        now = {path.name for path in store.tables.glob("*-trials.parquet")}
        written += sum(len(pq.read_table(store.tables / name)) for name in now - before)
        before = now
        assert len(parts(store)) <= math.log2(i + 1) + 1
        # Those of this generation and of the one before, each with its manifest.
        assert len(list(store.tables.iterdir())) <= 2 * (3 * (math.log2(i + 1) + 1) + 1)
    assert written <= n * (math.log2(n) + 1)
    assert (
        sorted(row for part in parts(store) for row in part["trials"])
        == (trials.expected()["trials"])
    )


def test_a_part_is_never_changed_and_its_name_never_used_again(store: Store) -> None:
    trials, seen = Trials(store), dict[str, bytes]()
    for i in range(12):
        trials.run(f"{i:04d}")
        trials.run("0000" if i % 5 == 4 else f"{i:04d}")
        compact(store)
        for path in store.tables.glob("*.parquet"):
            assert seen.setdefault(path.name, path.read_bytes()) == path.read_bytes()


def test_a_trial_that_is_run_again_pulls_only_its_own_part_into_the_new_one(store: Store) -> None:
    trials = Trials(store)
    for size in (40, 12, 4):
        for i in range(size):
            trials.run(f"{size:02d}-{i}")
        compact(store)
    assert [len(part["trials"]) for part in parts(store)] == [40, 12, 4]
    big = sorted(store.tables.glob("000001-*.parquet"))
    stamps = [path.stat().st_mtime_ns for path in big]
    trials.run("04-0")
    compact(store)
    assert [len(part["trials"]) for part in parts(store)] == [40, 12, 4]
    trials.run("12-0")
    compact(store)
    assert [len(part["trials"]) for part in parts(store)] == [40, 16]
    assert [path.stat().st_mtime_ns for path in big] == stamps


def test_what_killed_writers_left_is_swept_up_when_nobody_can_be_at_it_any_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the file system's clock; this machine's may be wrong."""
    monkeypatch.setattr(leftovers, "_STALE", 1000.0)
    folders = (store.root, store.live, store.tables, store.sweeps, store.leases, store.checkpoints)
    for folder in folders:
        folder.mkdir(exist_ok=True)
        for name, age in (("now.json", 0), (".old.tmp", 1001), (".new.tmp", 999), ("old.txt", 1e6)):
            (folder / name).write_bytes(b"")
            os.utime(folder / name, (5e9 - age, 5e9 - age))
    Trials(store).run("a")
    for path in (store.live_file(trial_id("a")), store.marker):
        os.utime(path, (5e9, 5e9))
    for folder in folders:
        remove_leftovers(store, folder)
        left = {path.name for path in folder.iterdir()} & {".old.tmp", ".new.tmp", "old.txt"}
        assert left == {".new.tmp", "old.txt"}


def test_compaction_sweeps_every_folder_and_minds_neither_absent_nor_vanishing_files(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    real = inside.listed

    def vanishing(root: Path, folder: Path, pattern: str = "*") -> list[Path]:
        swept.append(folder)
        return [*map(Path, real(root, folder, pattern)), folder / ".gone.tmp"]

    Trials(store).run("a")
    monkeypatch.setattr(inside, "listed", vanishing)
    assert compact(store).trials == 1
    assert {store.root, store.live, store.tables, store.sweeps, store.leases} <= set(swept)
    assert not store.checkpoints.exists()
