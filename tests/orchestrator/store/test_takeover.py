"""What a dead process had is taken over; one that was only asleep learns it, and writes nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest

from gensweep.orchestrator.store import leases
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreBusyError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Lease, read_leases
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]

# Does as it is told, line by line, in a process that may say that it runs on another machine.
OTHER = """
import sys
from pathlib import Path
from gensweep.orchestrator.store import claiming, compaction, leases, process
from gensweep.orchestrator.store.errors import LeaseLostError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.records import Ended, Started, Steps
from gensweep.trainables.classifier.trial import ClassifierTrial

leases.BEAT, claiming._PAUSE = 0.05, 0.02
if sys.argv[2] == "elsewhere":
    process._machine = lambda: "another boot"
store = Store.open(Path(sys.argv[1]))
for line in sys.stdin:
    try:
        exec(line)
        print("done", flush=True)
    except LeaseLostError as error:
        print("lost", flush=True)
"""
CLAIM = "lease = claiming.claim_trials(store, 'launch', ['a', 'b']); mine = lease.__enter__()"


class Other:
    """The other process."""

    def __init__(self, store: Store, where: str) -> None:
        command = [sys.executable, "-c", OTHER, str(store.root), where]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def tell(self, line: str) -> None:
        _stream(self.process.stdin).write(line + "\n")

    def answer(self) -> str:
        return _stream(self.process.stdout).readline().strip()

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.answer()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def start(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Other]]:
    monkeypatch.setattr(leases, "PATIENCE", 1.0)
    monkeypatch.setattr(leases, "BEAT", 0.05)  # and the other does the same
    started: list[Other] = []

    def make(where: str) -> Other:
        started.append(Other(store, where))
        return started[-1]

    yield make
    for other in started:
        other.process.kill()
        other.process.communicate()


def test_what_a_process_killed_on_this_machine_had_is_taken_over_at_once(
    store: Store, start: Callable[[str], Other], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "PATIENCE", 600.0)
    other = start("here")
    assert other.ask(CLAIM) == "done"
    assert take_snapshot(store).claimed == {"a", "b"}
    with claim_trials(store, "launch", ["a", "c"]) as mine:
        assert mine.names == {"c"}
    other.send(signal.SIGKILL)
    assert take_snapshot(store).claimed == frozenset()
    with claim_trials(store, "launch", ["a", "c"]) as mine:
        assert mine.names == {"a", "c"}


def test_a_process_suspended_on_this_machine_keeps_what_it_has(
    store: Store, start: Callable[[str], Other]
) -> None:
    other = start("here")
    assert other.ask(CLAIM) == "done"
    other.send(signal.SIGSTOP)
    time.sleep(2 * leases.PATIENCE)
    with claim_trials(store, "launch", ["a", "b", "c"]) as mine:
        assert mine.names == {"c"}


def test_what_a_process_killed_elsewhere_had_is_taken_over_after_a_while(
    store: Store, start: Callable[[str], Other]
) -> None:
    other, waited = start("elsewhere"), list[Lease]()
    assert other.ask(CLAIM) == "done"
    with claim_trials(store, "launch", ["a", "c"], waited.append) as mine:
        assert mine.names == {"c"}  # it lives
    other.send(signal.SIGKILL)
    began = time.monotonic()
    waited.clear()
    with claim_trials(store, "launch", ["a", "c"], waited.append) as mine:
        assert mine.names == {"a", "c"}
        assert [lease.owner.pid for lease in waited] == [other.process.pid]
        assert [lease.id for lease in read_leases(store)] == [mine.id]
    assert leases.PATIENCE <= time.monotonic() - began < leases.PATIENCE + 10


def test_a_launch_that_slept_while_it_was_taken_over_writes_no_row_more(
    store: Store, start: Callable[[str], Other], stamp: Callable[[Any], tuple[int, int, int]]
) -> None:
    other = start("elsewhere")
    trial = ClassifierTrial(model="mlp_1x512", dataset="synthetic")
    for line in (
        CLAIM,
        "guard = leases.Guard(store, mine.id)",
        "trial = ClassifierTrial(model='mlp_1x512', dataset='synthetic')",
        "writer = TrialWriter(store, trial, Provenance('', '', '{}'), 1, guard, flush_seconds=0)",
        "writer.add(Started('cpu', 1)); writer.add(Steps(1, 1.0))",
        "assert not mine.lost and not guard.stopping()",
    ):
        assert other.ask(line) == "done", line
    other.send(signal.SIGSTOP)
    before = stamp(store.live_file(trial.trial_id))
    with claim_trials(store, "launch", ["b"]) as mine:
        assert mine.names == {"b"}
        other.send(signal.SIGCONT)
        for line in ("writer.add(Steps(2, 1.0))", "writer.add(Ended('done'))", "guard.check()"):
            assert other.ask(line) == "lost", line
        assert other.ask("assert mine.lost and leases.Guard(store, mine.id).stopping()") == "done"
        assert stamp(store.live_file(trial.trial_id)) == before
        assert [path.suffix for path in store.live.iterdir()] == [".parquet"]
        assert other.ask("lease.__exit__(None, None, None)") == "done"
        assert [lease.id for lease in read_leases(store)] == [mine.id]


def test_who_was_taken_over_gets_back_only_what_is_free(
    store: Store, start: Callable[[str], Other]
) -> None:
    other = start("elsewhere")
    assert other.ask(CLAIM) == "done"
    other.send(signal.SIGSTOP)
    with claim_trials(store, "launch", ["a"]):
        other.send(signal.SIGCONT)
        assert other.ask("mine.beat(); mine.stop()") == "done"
        assert [lease.names for lease in read_leases(store)] == [{"a"}]
        assert other.ask("again = claiming.claim_trials(store, 'again', ['a', 'b'])") == "done"
        assert other.ask("assert again.__enter__().names == {'b'}") == "done"


# Stops while a file is flushed, or once it is there, and goes on with the next line of input.
STOPPING = """
import os
flush, replace, stops = os.fsync, os.replace, [{kind!r}]
def stop_at(kind, name):
    if [kind] == stops and {name!r} in name:
        print(stops.pop(), flush=True)
        sys.stdin.readline()
def flushing(number):
    stop_at("flushed", os.readlink(f"/proc/self/fd/{{number}}"))
    flush(number)
def replacing(source, path, **folders):
    replace(source, path, **folders)
    stop_at("there", "/" + path)
os.fsync, os.replace = flushing, replacing
compaction.compact(store)
"""


@pytest.mark.parametrize(
    ("kind", "name", "answer"),
    [
        ("flushed", "-epochs.parquet", "lost"),
        ("there", "-steps.parquet", "lost"),
        ("flushed", "-manifest.json", "lost"),
        ("flushed", "/.manifest.json", "lost"),
        ("there", "/manifest.json", "done"),
    ],
)
def test_a_compaction_that_slept_while_another_one_took_over_changes_nothing(
    store: Store,
    write: Write,
    rows: Callable[[Store], Any],
    start: Callable[[str], Other],
    kind: str,
    name: str,
    answer: str,
) -> None:
    write(store, 1, "failed")
    write(store, 2)
    compact(store)
    write(store, 1, "done", attempt=2)
    other = start("elsewhere")
    assert other.ask(f"exec({STOPPING.format(kind=kind, name=name)!r})") == kind
    with pytest.raises(StoreBusyError, match="in use: compaction by process"):
        compact(store)
    other.send(signal.SIGSTOP)
    write(store, 3)
    before = rows(store)
    assert compact(store).trials > 0
    assert rows(store) == before
    other.send(signal.SIGCONT)
    assert other.ask("go on") == answer
    assert rows(store) == before
    assert len(statuses(take_snapshot(store))) == 3
    assert list(take_snapshot(store, verify=True).damaged) == []
    write(store, 4)
    assert compact(store).trials == 1
    assert len(rows(store)["trials"]) == 4
