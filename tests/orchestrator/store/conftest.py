"""What the tests of the store share: a folder, a way to fill it, and an independent reader."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store import claiming, inside, row_files
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance, sweep_rows
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Epoch, Started, Steps

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longer who has to wait for a name waits, the longer take the tests."""
    monkeypatch.setattr(claiming, "_PAUSE", 0.02)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "results")


@pytest.fixture(scope="session")
def provenance() -> Provenance:
    return Provenance("a-host", "0123456789ab", '{"python": "3"}')


@pytest.fixture(scope="session")
def epoch() -> Callable[..., Epoch]:
    """An Epoch record; what is not said is made up from its number."""

    def make(number: int, **given: Any) -> Epoch:
        figures: dict[str, Any] = {
            "epoch": number,
            "step": 4 * number,
            "lr": 0.01,
            "train_loss": 1.0 / number,
            "train_error": 0.5 / number,
            "test_loss": 2.0 / number,
            "test_error": 0.75 / number,
            "corrupted_train_error": None,
            "clean_train_error": 0.25 / number,
            "memorized_fraction": None,
            "recovered_fraction": None,
            "seconds": 0.5,
        }
        return Epoch(**{**figures, **given})

    return make


@pytest.fixture(scope="session")
def write(provenance: Provenance, epoch: Callable[..., Epoch]) -> Callable[..., ClassifierTrial]:
    """Write a trial as a worker would; `status` is how it ends, or running."""

    def run(
        store: Store, seed: int, status: str = "done", epochs: int = 2, attempt: int = 1
    ) -> ClassifierTrial:
        trial = ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed)
        writer = TrialWriter(store, trial, provenance, attempt, flush_seconds=0)
        writer.add(Started("cpu", 1234))
        for number in range(1, epochs + 1):
            writer.add(Steps(4 * number, attempt + seed / 10))
            writer.add(epoch(number, train_loss=attempt + seed / 10))
        if status == "failed":
            writer.end("failed", "a traceback")
        elif status != "running":
            writer.add(Ended(status, f"was {status}"))  # type: ignore[arg-type]
        return trial

    return run


@pytest.fixture(scope="session")
def stamp() -> Callable[[Path], tuple[int, int, int]]:
    """What writing to a file changes, and reading it does not."""

    def of(path: Path) -> tuple[int, int, int]:
        status = path.stat()
        return status.st_ino, status.st_mtime_ns, status.st_size

    return of


@pytest.fixture(scope="session")
def rows() -> Callable[[Store], Rows]:
    """What a reader has to see, sorted: compacted rows, save of trials with a file of their own.

    Knows the files, and none of the code under test.
    """

    def read(store: Store) -> Rows:
        manifests = [store.root / "manifest.json"]
        manifests += sorted((store.root / "tables").glob("*-manifest.json"), reverse=True)
        texts = [path.read_text() for path in manifests if path.exists()]
        files = json.loads(texts[0])["files"] if texts else {}
        live = [
            r for f in (store.root / "live").glob("*.parquet") for r in pq.read_table(f).to_pylist()
        ]
        own = {row["trial_id"] for row in live}
        found: Rows = {"trials": [], "epochs": [], "steps": []}
        for table, names in files.items():
            for name in names:
                compacted = pq.read_table(store.root / "tables" / name).to_pylist()
                found[table] += [row for row in compacted if row["trial_id"] not in own]
        for row in live:
            for table, column in (("epochs", "epoch_rows"), ("steps", "step_rows")):
                found[table] += [{"trial_id": row["trial_id"], **r} for r in row.pop(column)]
            found["trials"].append(row)
        return {table: sorted(lines, key=_order) for table, lines in found.items()}

    return read


@pytest.fixture(scope="session")
def damage() -> Callable[[Path, str], None]:
    """Damage a file: truncated, zeroed, empty, garbage, deleted; of Parquet a page or a bit."""

    def strike(path: Path, kind: str) -> None:
        content = path.read_bytes()
        third = len(content) // 3
        if kind == "deleted":
            path.unlink()
        elif kind == "truncated":
            path.write_bytes(content[:-third])
        elif kind == "zeroed":
            path.write_bytes(content[:third] + bytes(third) + content[2 * third :])
        elif kind == "empty":
            path.write_bytes(b"")
        elif kind == "garbage":
            path.write_bytes(bytes(255 - byte for byte in content))
        elif kind == "page":  # all is well at the end, where readers look first
            pages = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
            middle = slice(pages // 3, pages // 3 * 2)
            zeros = bytes(middle.stop - middle.start)
            path.write_bytes(content[: middle.start] + zeros + content[middle.stop :])
        elif kind == "bit":  # that the checksums alone give away
            path.write_bytes(next(filter(_is_another_table(content), _flipped(content))))
        else:
            raise ValueError(kind)

    return strike


def _flipped(content: bytes) -> Iterator[bytes]:
    """The content with one bit of it changed, for many bits of its pages."""
    for i in range(4, len(content) - 8 - int.from_bytes(content[-8:-4], "little")):
        yield content[:i] + bytes([content[i] ^ 4]) + content[i + 1 :]


def _is_another_table(content: bytes) -> Callable[[bytes], bool]:
    original = pq.read_table(pa.BufferReader(content))

    def check(changed: bytes) -> bool:
        try:
            if pq.read_table(pa.BufferReader(changed)).equals(original):
                return False
        except (OSError, pa.ArrowException):
            return False
        try:
            pq.read_table(pa.BufferReader(changed), page_checksum_verification=True)
        except OSError:
            return True
        return False

    return check


@pytest.fixture(scope="module")
def template(
    tmp_path_factory: pytest.TempPathFactory, write: Callable[..., ClassifierTrial]
) -> Path:
    """A folder with two compacted parts, trials 1 to 5 and 6 to 7, two live trials and two sweeps.

    Trial 3 failed at first.
    """
    store = Store.create(tmp_path_factory.mktemp("template") / "results")
    for batch in ((1, 2, 3, 4, 5), (6, 7)):
        trials = [write(store, seed, "failed" if seed == 3 else "done") for seed in batch]
        compact(store)
        name = f"sweep_{batch[0]}"
        planned = [(trial, ("figure_1a",)) for trial in trials]
        publish_table(store.root, store.sweep_file(name), sweep_rows(name, planned))
    write(store, 8)
    write(store, 9, "running")
    return store.root


@pytest.fixture
def filled(template: Path, tmp_path: Path) -> Store:
    """A copy of it, free to be damaged."""
    return Store.open(shutil.copytree(template, tmp_path / "filled"))


# Does something to copies of a folder, each in a fork that is gone in the instant before it would
# change the folder for the first, second, … time, until one comes to the end.
CRASHING = """
import os, shutil, sys
from pathlib import Path
import pandas  # pyarrow would load it in every fork
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.repair import repair

def dying(real, changes):
    def call(*given, **options):
        if not changes:
            os._exit(9)
        changes.pop()
        return real(*given, **options)
    return call

root, work = Path(sys.argv[1]), {"compact": compact, "repair": repair}[sys.argv[2]]
for number in range(1000):
    folder = shutil.copytree(root, root.with_name(f"{root.name}-{number}"))
    child = os.fork()
    if child == 0:
        changes = [None] * number
        os.fsync = lambda file: None  # the disk outlives us
        for name in ("fsync", "replace", "unlink"):
            setattr(os, name, dying(getattr(os, name), changes))
        work(Store.open(folder))
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, folder, flush=True)
    if code != 9:
        break
"""


@pytest.fixture(scope="session")
def crashes() -> Callable[[Store, str], list[Store]]:
    """What becomes of a folder by `compact` or `repair` that is killed, for every possible point.

    The last one is that of the work that was not killed.
    """

    def kill(store: Store, work: str) -> list[Store]:
        command = [sys.executable, "-c", CRASHING, str(store.root), work]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        answers = [line.partition(" ") for line in out.splitlines()]
        assert {code for code, _, _ in answers[:-1]} == {"9"}
        assert answers[-1][0] == "0"
        return [Store.open(Path(folder)) for _, _, folder in answers]

    return kill


@pytest.fixture(scope="session")
def unreachable() -> Callable[[pytest.MonkeyPatch, Path], None]:
    """Let a file be one that the system cannot reach at the moment."""

    def make(patch: pytest.MonkeyPatch, lost: Path) -> None:
        real = inside.opened

        def refuse(root: Path, path: Path) -> Any:
            if path == lost:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
            return real(root, path)

        for module in (inside, row_files):
            patch.setattr(module, "opened", refuse)

    return make


def _order(row: dict[str, Any]) -> tuple[str, int]:
    return row["trial_id"], row.get("epoch") or row.get("step") or 0
