"""Hostile results folders, read and written: `python benchmarks/hostile_folders.py [--count N]`.

Makes folders as a stranger would send them (`hostile_kinds.py`), runs the commands that read and
write results on each, three at random, and counts what must never happen: tracebacks and mistakes,
crashes, hangs, lines too long to read, and files outside the folder that were changed or opened (as
inotify sees it, so it runs on Linux). Exits with 1 if any did.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ctypes import CDLL
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pyarrow as pa
from hostile_kinds import IDS, KINDS, TRIALS, Place, surroundings, template

from gensweep.cli import exits, main
from gensweep.orchestrator.store import claiming, leases
from gensweep.orchestrator.store.checkpoints import CheckpointFiles, delete_checkpoints
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard
from gensweep.orchestrator.store.repair import repair
from gensweep.orchestrator.store.rows import Provenance, sweep_rows
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import end_abandoned
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.records import Ended
from gensweep.trainables.status import Status

_PRELOADED = (
    *("duckdb", "fsspec", "jinja2", "matplotlib.pyplot", "plotille", "pydantic", "rich.console"),
    *("scipy.stats", "tensorboardX", "vl_convert", "gensweep.analysis.exports"),
    *("gensweep.analysis.diff", "gensweep.analysis.html.page", "gensweep.analysis.report"),
    *("gensweep.analysis.figures.registry", "gensweep.orchestrator.fields"),
    *(f"gensweep.cli.{name}" for name in ("compact", "diff", "export", "merge", "plot", "query")),
    *(f"gensweep.cli.{name}" for name in ("report", "show", "status")),
)
FAULTS = ("mistakes", "crashes", "hangs", "long lines", "changed outside", "opened outside")
LONGEST = 2_000  # characters of a line that a person is to read


def _cli(*arguments: str) -> Callable[[Place], int | None]:
    def call(place: Place) -> int | None:
        given = [a.replace("FREE", str(place.root.parent / "free")) for a in arguments]
        return main._call([*given, "--results", str(place.root)])

    return call


def _merge_into_mine(place: Place) -> int | None:
    mine = place.root.parent / "mine"
    return main._call(["merge", str(place.root), "--results", str(mine)])


def _go_on(place: Place) -> None:
    """What a launch does, without its trials."""
    store = Store.create(place.root)
    with claiming.claim_trials(store, "launch of made", IDS) as lease:
        guard = Guard(store, lease.id)
        kept = CheckpointFiles(store, guard)
        for trial in TRIALS[4:]:
            with suppress(exits.GensweepError):
                kept.load(trial.trial_id)
            kept.set_aside(trial.trial_id)
            kept.save(trial.trial_id, b"content")
            writer = TrialWriter(store, trial, Provenance("", "", "{}"), 2, guard)
            writer.begin()
            writer.add(Ended("done", ""))
            kept.delete(trial.trial_id)
        end_abandoned(store, lease.names, Status.INTERRUPTED, "stopped")
        delete_checkpoints(store, set(IDS))
    for trial in TRIALS[:1]:
        rows = sweep_rows("made", [(trial, ())])
        publish_table(store.root, store.sweep_file("made"), rows)


def _repair(place: Place) -> None:
    repair(Store.create(place.root))
    damaged = [
        d for d in take_snapshot(Store.open(place.root), verify=True).damaged if not d.passing
    ]
    assert not damaged, f"still damaged: {damaged}"


READING: dict[str, Callable[[Place], int | None]] = {
    "status": _cli("status"),
    "status made": _cli("status", "made"),
    "report": _cli("report"),
    "report --html": _cli("report", "--html", "FREE.html"),
    "show": _cli("show", IDS[0]),
    "show live": _cli("show", IDS[5]),
    "diff": _cli("diff", IDS[0], IDS[4]),
    "diff sweeps": _cli("diff", "made", "other"),
    "query": _cli("query", "from trials", "--format", "json"),
    "query sweeps": _cli("query", "from sweep_trials", "--format", "csv"),
    "query epochs": _cli("query", "from epochs", "--format", "table"),
    "plot": _cli("plot", "learning_curves", "--output", "FREE.svg"),
    "export csv": _cli("export", "FREE.csv", "--format", "csv"),
    "export parquet": _cli("export", "FREE.parquet", "--format", "parquet"),
    "export duckdb": _cli("export", "FREE.duckdb", "--format", "duckdb"),
    "export tensorboard": _cli("export", "FREE.runs", "--format", "tensorboard"),
    "merge into mine": _merge_into_mine,
}
WRITING: dict[str, Callable[[Place], int | None]] = {
    "compact": _cli("compact"),
    "merge mine into it": lambda place: main._call(
        ["merge", str(place.root.parent / "mine"), "--results", str(place.root)]
    ),
    "repair": _repair,
    "go on": _go_on,
}


def run(place: Place, commands: Sequence[str], seconds: int, report: int) -> None:
    """In a process of its own: each command, with its code and output to the parent."""
    claiming._PAUSE, leases.PATIENCE = 0.01, 0.1
    os.fsync = lambda file: None
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    for name in commands:
        os.write(report, f"begin\t{name}\n".encode())
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends what hangs, wherever it hangs
        signal.alarm(seconds)
        with (place.root.parent / "said").open("w+b") as said:
            for stream in (1, 2):
                os.dup2(said.fileno(), stream)
            work = {**READING, **WRITING}[name]
            code = exits.run(lambda work=work: work(place), debug=False)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            said.seek(0)
            text = said.read().decode(errors="replace")
        signal.alarm(0)
        for line in text.splitlines():
            if "Traceback" in line or "bug in gensweep" in line:
                os.write(report, f"mistakes\t{name}\t{code}\t{line[:300]}\n".encode())
            elif len(line) > LONGEST and line.startswith("gensweep: "):
                os.write(report, f"long lines\t{name}\t{code}\t{line[:200]}\n".encode())


# Whether it held -------------------------------------------------------------------------------


class Watch:
    """Counts who opens files of a tree: Linux's inotify."""

    _OPEN = 0x20

    def __init__(self, tree: Path) -> None:
        self._libc = CDLL(None, use_errno=True)
        self._events: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._folders: dict[int, str] = {}
        for folder in [tree, *(path for path in tree.rglob("*") if path.is_dir())]:
            watch = self._libc.inotify_add_watch(self._events, os.fsencode(folder), self._OPEN)
            self._folders[watch] = folder.name

    def opened(self) -> Iterator[str]:
        """What has been opened since the last look."""
        while True:
            try:
                content = os.read(self._events, 1 << 16)
            except BlockingIOError:
                return
            while content:
                watch, _, _, size = struct.unpack("iIII", content[:16])
                name = content[16 : 16 + size].rstrip(b"\0").decode(errors="replace")
                yield f"{self._folders[watch]}/{name}"
                content = content[16 + size :]


def digest(tree: Path) -> str:
    """Of every name and byte of a tree."""
    whole = sha256()
    for path in sorted(tree.rglob("*")):
        whole.update(os.fsencode(path) + b"\0")
        if path.is_file():
            whole.update(path.read_bytes())
    return whole.hexdigest()


def preload() -> None:
    """What the commands import when they are called, which would take most of the time."""
    for name in _PRELOADED:
        import_module(name)


@contextmanager
def prepared() -> Iterator[tuple[Path, Place]]:
    """A healthy folder to copy, and the place that hostile ones come to."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        base = Path(folder).resolve()
        healthy = template(base / "healthy").root
        outside = base / "outside"
        outside.mkdir()
        surroundings(outside, healthy)
        yield healthy, Place(base / "work" / "results", outside)


def attack(
    count: int, seed: int, seconds: int = 5, first: int = 0
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """For each hostile folder its kind, and what must not have happened: fault and details."""
    preload()
    with prepared() as (healthy, place):
        before, watch = digest(place.outside), Watch(place.outside)
        for number in range(first, first + count):
            rng = random.Random(f"{seed} {number}")
            kinds = [list(KINDS)[number % len(KINDS)]]
            kinds += rng.sample(list(KINDS), rng.choice([0, 0, 1, 2]))
            shutil.rmtree(place.root.parent, ignore_errors=True)
            for target in (place.root, place.root.parent / "mine"):
                shutil.copytree(healthy, target)
            for kind in kinds:
                with suppress(
                    IndexError, OSError, ValueError, pa.ArrowException
                ):  # on another's ruins
                    KINDS[kind](rng, place)
            list(watch.opened())
            commands = [rng.choice(list(READING)), *rng.sample(list(WRITING), 2)]
            faults = list(_in_a_fork(place, commands, seconds))
            faults += [("opened outside", name) for name in set(watch.opened())]
            if digest(place.outside) != before:
                faults.append(("changed outside", ", ".join(commands)))
                shutil.rmtree(place.outside)
                place.outside.mkdir()
                surroundings(place.outside, healthy)
                watch = Watch(place.outside)
            list(watch.opened())
            about = f"folder {number} ({', '.join(kinds)})"
            yield kinds[0], [(fault, f"{about}: {what}") for fault, what in faults]


def _in_a_fork(place: Place, commands: Sequence[str], seconds: int) -> Iterator[tuple[str, str]]:
    receive, report = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            run(place, commands, seconds, report)
            os._exit(0)
        except BaseException as error:
            os.write(report, f"mistakes\t{type(error).__name__}: {error}\n"[:500].encode())
            os._exit(1)
    os.close(report)
    current = ""
    with os.fdopen(receive, errors="replace") as lines:
        for line in lines:
            word, _, rest = line.rstrip("\n").partition("\t")
            if word == "begin":
                current = rest
            elif word in FAULTS:
                yield word, rest
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGALRM:
        yield "hangs", f"{current} takes more than {seconds} s"
    elif code < 0:
        yield "crashes", f"{current}: {signal.Signals(-code).name}"


def main_() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="how many folders")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--seconds", type=int, default=5, help="for a command, before it hangs")
    given = parser.parse_args()
    began = time.monotonic()
    folders: Counter[str] = Counter()
    found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for kind, faults in attack(given.count, given.seed, given.seconds, given.first):
        folders[kind] += 1
        found[kind].update(fault for fault, _ in faults)
        for fault, details in faults:
            print(f"{fault}: {details}", file=sys.stderr, flush=True)
    print(f"{'kind':20}{'folders':>9}" + "".join(f"{fault:>17}" for fault in FAULTS))
    for kind in KINDS:
        print(f"{kind:20}{folders[kind]:>9,}" + "".join(f"{found[kind][f]:>17,}" for f in FAULTS))
    total = sum(found.values(), Counter())
    print(f"{'total':20}{given.count:>9,}" + "".join(f"{total[f]:>17,}" for f in FAULTS))
    print(f"3 commands on each, in {time.monotonic() - began:.0f} s, seed {given.seed}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main_())
