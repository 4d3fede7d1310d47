"""A compaction that ends at any point has changed nothing, and the next one goes on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.store import files
from orchestrator.store.compaction import compact
from orchestrator.store.errors import StoreError
from orchestrator.store.layout import Store
from orchestrator.store.lock import is_held
from orchestrator.store.manifest import read_manifest
from orchestrator.store.snapshot import take_snapshot
from orchestrator.store.statuses import statuses
from trainables.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
Rows = Callable[[Store], dict[str, list[dict[str, Any]]]]

# Compacts a folder, and is gone in the instant in which the function named would be called.
KILLED = """
import os, signal, sys
from pathlib import Path
from orchestrator.store import compaction
from orchestrator.store.layout import Store
setattr(compaction, sys.argv[2], lambda *args: os.kill(os.getpid(), signal.SIGKILL))
compaction.compact(Store.open(Path(sys.argv[1])))
"""


@pytest.fixture
def filled(store: Store, write: Write) -> Store:
    """Two trials compacted, one of them run again, one more done, and one running."""
    write(store, 1, "failed", epochs=3)
    write(store, 2)
    compact(store)
    write(store, 1, "done", epochs=1, attempt=2)
    write(store, 3)
    write(store, 4, "running")
    return store


@pytest.mark.parametrize(
    ("point", "generation"), [("write_manifest", 1), ("_forget", 2), ("_delete_all_but", 2)]
)
def test_a_kill_changes_nothing_and_the_next_compaction_goes_on(
    filled: Store, rows: Rows, point: str, generation: int
) -> None:
    before = rows(filled)
    known = statuses(take_snapshot(filled))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(filled.root), point], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert read_manifest(filled).generation == generation
    assert rows(filled) == before
    assert statuses(take_snapshot(filled)) == known
    assert not is_held(filled.locks / "compact.lock")

    compact(filled)
    assert rows(filled) == before
    assert len(list(filled.live.iterdir())) == 1
    compact(filled)
    assert rows(filled) == before


@pytest.mark.parametrize("table", ["trials", "epochs", "steps"])
def test_a_full_disk_changes_nothing_and_leaves_no_half_table(
    filled: Store, rows: Rows, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    before = rows(filled)
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if target.name.endswith(f"-{table}.parquet"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(StoreError, match=f"{table}.parquet: cannot be written .No space left"):
        compact(filled)
    monkeypatch.undo()
    assert rows(filled) == before
    assert not list(filled.tables.glob(".*"))
    compact(filled)
    assert rows(filled) == before


def test_what_a_kill_left_behind_is_swept_up(filled: Store, rows: Rows) -> None:
    before = rows(filled)
    (filled.tables / ".000002-epochs.parquet.tmp").write_bytes(b"half")
    (filled.tables / "000002-trials.parquet").write_bytes(b"published, but never put in force")
    assert rows(filled) == before
    compact(filled)
    assert rows(filled) == before
    assert len(list(filled.tables.iterdir())) == 6
