"""Whatever dies, fills up or rots while a sweep runs: a launch goes on, or says in a line why not,
and the rows are in the end those of a sweep that nobody disturbed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

import gensweep
from orchestrator.launch import Summary
from orchestrator.plan import PlannedTrial, plan
from orchestrator.provenance import provenance
from orchestrator.spec import parse_spec
from orchestrator.store.compaction import compact
from orchestrator.store.layout import Store
from orchestrator.store.leases import read_leases
from orchestrator.store.rows import Provenance
from orchestrator.store.snapshot import take_snapshot
from orchestrator.store.statuses import TrialStatus, statuses
from orchestrator.store.writer import TrialWriter
from trainables.checkpoint import Saved, unpack
from trainables.records import Epoch
from trainables.registry import TRAINABLES, Context

MARK = "GENSWEEP_TEST_LAUNCH"  # in the environment of everything that a launch starts
PATIENCE = 120.0  # seconds
CPU = 0.6 * (os.cpu_count() or 1)  # of which one trial fits at a time
THREADS = max(1, int(CPU))
CLOCK = "wall_seconds, images_per_second, attempts, host, started_at, finished_at, git_commit"

HEAD = f"""
name = "made"
[resources]
cpu = {CPU}
device = "cpu"
checkpoint_seconds = 0.3
[defaults]
dataset = "synthetic"
model = "mlp_1x512"
log_every = 2
"""
WOUNDED = "[[grid]]\nepochs = 300\n"
LONG = "[[grid]]\nepochs = 1200\n"  # enough to be killed in the middle of
DOOMED = "[[grid]]\nepochs = 2\nseed = 1\n"
RAISES = '[[grid]]\ndataset = "cifar10"\nepochs = 1\n'
DIVERGES = "[[grid]]\nlr = 1e30\nepochs = 1\n"
FINE = "[[grid]]\nepochs = 2\nseed = 2\n"


def planned(text: str) -> list[PlannedTrial]:
    return plan(parse_spec(text, "made.toml"))


def known(folder: Path, text: str) -> list[TrialStatus]:
    """The statuses of the trials, in the order of the sweep."""
    found = statuses(take_snapshot(Store.open(folder / "results")))
    return [found[p.trial.trial_id] for p in planned(text) if p.trial.trial_id in found]


def rows(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all trials that came to a good end, less what depends on the clock."""
    ended = "where trial_id in (select trial_id from trials where status in ('done', 'diverged'))"
    with gensweep.connect(folder / "results") as db:
        return {
            name: sorted(db.table(f"select {what} from {name} {ended}").rows)
            for name, what in {
                "trials": f"* exclude ({CLOCK})",
                "epochs": "* exclude (seconds)",
                "steps": "*",
            }.items()
        }


def run_here(folder: Path, trials: list[PlannedTrial]) -> None:
    """The rows of trials that this process runs, without a launch."""
    store, before = Store.create(folder / "results"), torch.get_num_threads()
    context = Context(folder / "data", device="cpu", threads=THREADS)
    try:
        for trial in (p.trial for p in trials):
            writer = TrialWriter(store, trial, provenance(""))
            writer.begin()
            for _, record in TRAINABLES["classifier"].run([trial], context):
                writer.add(record)
    finally:
        torch.set_num_threads(before)


@dataclass
class Disturbed:
    """What became of a sweep while its workers were killed, and of retrying what failed.

    saved: the checkpoint of the trial that lost one worker, when it had lost it.
    """

    folder: Path
    saved: Saved
    first: Summary
    losses: Counter[str]
    statuses: list[TrialStatus]
    again: Summary
    starts: set[str]


TEXT = HEAD + WOUNDED + DOOMED + RAISES + DIVERGES + FINE


@pytest.fixture(scope="module")
def disturbed(
    tmp_path_factory: pytest.TempPathFactory,
    launch: Callable[..., Summary],
    recorder: Any,
    cifar10: Any,
    workers: Callable[[], list[int]],
) -> Disturbed:
    """One trial loses a worker when it has a checkpoint, one every worker that it gets."""
    folder = tmp_path_factory.mktemp("disturbed")
    cifar10(folder / "data", damaged=True)
    wounded, doomed, *_ = [p.trial.trial_id for p in planned(TEXT)]
    checkpoint = Store.create(folder / "results").checkpoint_file(wounded)
    display, saved = recorder(), []

    def kill() -> None:
        for pid in workers():
            os.kill(pid, signal.SIGKILL)

    def at_start() -> None:
        if display.starts[-1] == doomed:
            kill()

    def at_report() -> None:
        if not saved and checkpoint.exists():
            kill()
            saved.append(unpack(checkpoint.read_bytes(), planned(TEXT)[0].trial))

    display.at_start, display.at_report = at_start, at_report
    first = launch(TEXT, folder, display)
    stand = known(folder, TEXT)
    cifar10(folder / "data", damaged=False)
    later = recorder()
    again = launch(TEXT, folder, later, retry_failed=True)
    losses, starts = Counter(display.losses), set(later.starts)
    return Disturbed(folder, saved[0], first, losses, stand, again, starts)


def test_a_trial_loses_a_worker_and_goes_on_and_one_that_loses_three_is_given_up(
    disturbed: Disturbed,
) -> None:
    wounded, doomed, *_ = [p.trial.trial_id for p in planned(TEXT)]
    assert disturbed.losses == {wounded: 1, doomed: 3}
    assert disturbed.statuses == [
        TrialStatus("done", 2),
        TrialStatus("failed", 3),
        TrialStatus("failed", 1),  # raises: tried once
        TrialStatus("diverged", 1),  # is an answer: tried once
        TrialStatus("done", 1),
    ]
    assert disturbed.first == Summary(Counter(done=2, failed=2, diverged=1), interrupted=False)


def test_it_goes_on_from_its_checkpoint_with_the_very_rows_that_are_in_there(
    disturbed: Disturbed,
) -> None:
    """Seconds are measured, and so are not the same twice."""
    saved = [record.seconds for record in disturbed.saved.records if isinstance(record, Epoch)]
    with gensweep.connect(disturbed.folder / "results") as db:
        mine = f"where trial_id = '{disturbed.saved.trial_id}'"
        found = db.table(f"select seconds from epochs {mine} order by epoch").rows
    assert saved
    assert [seconds for (seconds,) in found[: len(saved)]] == saved


def test_failed_trials_run_again_on_request_and_the_others_do_not(disturbed: Disturbed) -> None:
    _, doomed, raises, *_ = [p.trial.trial_id for p in planned(TEXT)]
    assert disturbed.starts == {doomed, raises}
    assert disturbed.again == Summary(Counter(done=4, diverged=1), interrupted=False)
    attempts = [status.attempts for status in known(disturbed.folder, TEXT)]
    assert attempts == [2, 4, 2, 1, 1]


def test_after_all_that_the_rows_are_those_of_an_undisturbed_run(
    disturbed: Disturbed, tmp_path: Path, cifar10: Any
) -> None:
    cifar10(tmp_path / "data", damaged=False)
    run_here(tmp_path, planned(TEXT))
    assert rows(disturbed.folder) == rows(tmp_path)


def strike(path: Path) -> None:
    """Damage a file: its second half is gone."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_damaged_files_are_set_aside_and_named_and_what_they_held_is_run_again(
    tmp_path: Path, launch: Callable[..., Summary], recorder: Any
) -> None:
    text = HEAD + "[[grid]]\nepochs = 2\nseed = [0, 1, 2, 3]\n"
    trials = planned(text)
    for name in ("expected", "made"):
        run_here(tmp_path / name, trials[:1])
        compact(Store.open(tmp_path / name / "results"))
        run_here(tmp_path / name, trials[1:])
    store = Store.open(tmp_path / "made" / "results")
    compacted, rotten, _, begun = [p.trial for p in trials]
    strike(Path(store.manifest))
    (part,) = Path(store.tables).glob("*-epochs.parquet")
    strike(part)
    strike(Path(store.live_file(rotten.trial_id)))
    TrialWriter(store, begun, Provenance("", "", "{}")).end("interrupted", "stopped by the user")
    store.checkpoint_file(begun.trial_id).parent.mkdir(exist_ok=True)
    store.checkpoint_file(begun.trial_id).write_bytes(b"gensweep, or so it says" * 10)

    display, said = recorder(), []
    display.said = said.append
    summary = launch(text, tmp_path / "made", display)
    assert summary == Summary(Counter(done=4), interrupted=False)
    assert set(display.starts) == {t.trial_id for t in (compacted, rotten, begun)}
    assert rows(tmp_path / "made") == rows(tmp_path / "expected")
    assert Counter(s.status for s in known(tmp_path / "made", text)) == {"done": 4}
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


# From here on launches are processes of their own.


@dataclass
class Process:
    """A `gensweep launch`, and all processes that it has started."""

    folder: Path
    text: str
    options: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        sweep = self.folder / f"{id(self)}.toml"
        sweep.write_text(self.text)
        self.mark = f"{MARK}={os.getpid()}-{id(self)}"
        ours = ("RAY_", "TUNE_", "GENSWEEP_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        start = [sys.executable, "-c", "from cli.main import main; main()", "launch", str(sweep)]
        where = ["--results", str(self.folder / "results"), "--data", str(self.folder / "data")]
        self.started = subprocess.Popen(
            [*start, *where, *self.options],
            env=kept | dict([self.mark.split("=")]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def family(self) -> dict[int, str]:
        """Command lines by pid."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                if self.mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().decode()
            except (OSError, ValueError):  # gone by now, or no process
                continue
        return {pid: command for pid, command in found.items() if command}

    def kill(self, part: str) -> None:
        for pid, command in self.family().items():
            if part in command.split("\0")[0]:
                os.kill(pid, signal.SIGKILL)

    def wait_for(self, condition: Callable[[], Any]) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert self.started.poll() is None, self.started.communicate()
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.1)

    def end(self) -> tuple[int, list[str]]:
        """The exit code, and what was said."""
        self.out, err = self.started.communicate(timeout=PATIENCE)
        return self.started.returncode, err.splitlines()

    def saved(self) -> bool:
        return any((self.folder / "results" / "checkpoints").glob("*.ckpt"))


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start launches; what they leave behind at the end of the test is killed."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("finds the processes of a launch through /proc")
    made: list[Process] = []

    def start(text: str, name: str = "launched") -> Process:
        made.append(Process(tmp_path / name, text))
        return made[-1]

    yield start
    for each in made:
        each.kill("")
        each.started.wait()


def test_when_ray_dies_a_launch_goes_on_with_another_or_ends_and_says_so(
    tmp_path: Path, process: Callable[..., Process]
) -> None:
    """Without its node's raylet Ray ends in good order; without its head it hears nothing more."""
    text = HEAD + LONG
    without_raylet, without_head = process(text, "raylet"), process(text, "head")
    without_raylet.wait_for(without_raylet.saved)
    without_raylet.kill("raylet/raylet")
    without_head.wait_for(without_head.saved)
    without_head.kill("gcs_server")
    killed = time.monotonic()
    code, said = without_head.end()
    assert time.monotonic() - killed < 30.0
    assert (code, said[1:]) == (
        3,
        ["gensweep: error: local Ray: has died; the same command goes on from here"],
    )
    code, said = without_raylet.end()
    assert code == 0, said
    assert said[1] == "local Ray has died; starting another"
    assert without_raylet.out.startswith(
        "The paper's claims, judged by our trials\n"
    )  # and not with the raylet's log
    assert known(tmp_path / "raylet", text) == [TrialStatus("done", 2)]
    run_here(tmp_path / "expected", planned(text))
    assert rows(tmp_path / "raylet") == rows(tmp_path / "expected")


def test_launches_share_a_folder_and_no_trial_is_run_by_two(
    tmp_path: Path, process: Callable[..., Process]
) -> None:
    grid = "[[grid]]\nepochs = 2\nseed = {}\n"
    first = process(HEAD + grid.format([0, 1]))
    store = Store.create(tmp_path / "launched" / "results")
    first.wait_for(lambda: read_leases(store))
    apart = process(HEAD.replace("made", "apart") + grid.format([2]))
    sharing = process(HEAD.replace("made", "sharing") + grid.format([1, 3]))
    code, said = sharing.end()
    assert code == 3
    who = f"the launch of made by process {first.started.pid} on "
    assert f"in use: 1 of these trials is claimed by {who}" in said[-1]
    for other in (first, apart):
        code, said = other.end()
        assert code == 0, said
    assert known(first.folder, HEAD + grid.format([0, 1, 2, 3])) == [TrialStatus("done", 1)] * 4


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own, with room for rows and for no checkpoint."""
    folder = tmp_path / "launched" / "results"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=800k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_or_read_only_disk_ends_a_launch_and_given_space_it_goes_on(
    small: Path, tmp_path: Path, process: Callable[..., Process]
) -> None:
    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(small)], check=True)

    text = HEAD + FINE + WOUNDED
    checkpoint = small / "checkpoints" / f"{planned(text)[1].trial.trial_id}.ckpt"
    code, said = process(text).end()
    assert code == 3
    assert said[-1].startswith(f"gensweep: error: {checkpoint}: cannot be written")
    assert "No space left on device" in said[-1]
    assert len([line for line in said if line.startswith("gensweep:")]) == 1
    assert known(tmp_path / "launched", text)[0] == TrialStatus("done", 1)

    remount("ro")
    code, said = process(text).end()
    assert code == 3
    assert said[0] == "made: 2 trials, 1 done, 1 to run"
    assert len(said) == 2
    assert f"gensweep: error: {small}" in said[1]
    assert "cannot be written (Read-only file system)" in said[1]

    remount("rw,size=64m")
    code, said = process(text).end()
    assert code == 0, said
    run_here(tmp_path / "expected", planned(text))
    assert rows(tmp_path / "launched") == rows(tmp_path / "expected")
