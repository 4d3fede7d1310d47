"""A `gensweep launch` in a process of its own: private, alone in its folder, and interruptible."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import read_spec
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses

SWEEP = """
name = "made"
[defaults]
dataset = "synthetic"
model = "mlp_1x512"
[[grid]]
epochs = 1
[[grid]]
epochs = 800
[resources]
device = "cpu"
cpu = 0.5
workers = {}
"""
PATIENCE = 120  # seconds
LISTENING = "0A"
Descendants = Callable[[int], dict[int, str]]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Seen:
    """What was seen of a launch that was interrupted while its second trial ran."""

    folder: Path
    pid: int
    listening: list[str]
    refused: Ended
    ended: Ended
    survivors: dict[int, str]


def command(folder: Path) -> list[str]:
    start = "from gensweep.cli.main import main; main()"
    where = ["--results", str(folder / "results"), "--data", str(folder / "data")]
    return [sys.executable, "-c", start, "launch", str(folder / "made.toml"), *where]


def environment() -> dict[str, str]:
    """Ours, less what launches in this process have put there."""
    ours = ("RAY_", "TUNE_", "GENSWEEP_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run(folder: Path) -> Ended:
    done = subprocess.run(
        command(folder), env=environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def known(folder: Path) -> list[str]:
    """The statuses of the trials, in the order of the sweep."""
    by_id = statuses(take_snapshot(Store.create(folder / "results")))
    planned = plan(read_spec(folder / "made.toml"))
    return [by_id[p.trial.trial_id].status for p in planned if p.trial.trial_id in by_id]


def listening_addresses(pids: list[int]) -> list[str]:
    """The addresses, as the kernel writes them, at which processes wait for connections."""
    sockets = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets |= set(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
            except FileNotFoundError:  # closed by now
                continue
    lines = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
    ]
    return [line[1].split(":")[0] for line in lines if line[3] == LISTENING and line[9] in sockets]


def is_loopback(address: str) -> bool:
    """Of hexadecimal words in the machine's order: 127.x.x.x, ::1 or ::ffff:127.x.x.x."""
    (last,) = re.findall("(.{8})$", address)
    if sys.byteorder == "little":
        last = bytes.fromhex(last)[::-1].hex()
    mapped = len(address) == 8 or address[16:24] in ("FFFF0000", "0000FFFF")
    return last.startswith("7f") if mapped else set(address[:24]) == {"0"} and int(last, 16) == 1


def alive(pid: int) -> bool:
    """Whether a process is there, and is more than an entry in a table."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


@pytest.fixture(scope="module", params=[1, 2], ids=["a process", "two ranks"])
def seen(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    descendants: Descendants,
    wait_for: Callable[..., None],
) -> Seen:
    folder = tmp_path_factory.mktemp("interrupted")
    (folder / "made.toml").write_text(SWEEP.format(request.param))
    store = Store.create(folder / "results")
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command(folder),
        env=environment(),
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: len(take_snapshot(store).claimed) == 2, process)
        refused = run(folder)
        wait_for(lambda: known(folder) == ["done", "running"], process)
        family = descendants(process.pid)
        listening = listening_addresses([process.pid, *family])
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            process.kill()
    until = time.monotonic() + 5  # they are dead, and are being buried
    while any(map(alive, family)) and time.monotonic() < until:
        time.sleep(0.1)
    survivors = {pid: what for pid, what in family.items() if alive(pid)}
    ended = Ended(process.returncode, out, err)
    return Seen(folder, process.pid, listening, refused, ended, survivors)


def test_a_local_ray_can_be_reached_from_this_machine_alone(seen: Seen) -> None:
    assert len(seen.listening) >= 3
    assert [address for address in seen.listening if not is_loopback(address)] == []


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("0.0.0.0", False),
        ("192.0.2.127", False),
        ("::1", True),
        ("::", False),
        ("::ffff:127.0.0.1", True),
        ("2001:db8::1", False),
    ],
)
def test_the_check_above_knows_loopback_from_the_rest(address: str, loopback: bool) -> None:
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    words = [packed[i : i + 4] for i in range(0, len(packed), 4)]
    swap = -1 if sys.byteorder == "little" else 1
    assert is_loopback("".join(word[::swap].hex().upper() for word in words)) is loopback


def test_a_second_launch_into_the_folder_is_refused_and_names_the_first(seen: Seen) -> None:
    assert seen.refused.code == 3
    assert seen.refused.out == ""
    said = f"claimed by the launch of made by process {seen.pid} on "
    assert said in seen.refused.err.splitlines()[-1]
    assert "Traceback" not in seen.refused.err


def test_ctrl_c_ends_a_launch_with_130_and_says_how_to_go_on(seen: Seen) -> None:
    assert seen.ended.code == 130
    assert seen.ended.out == ""
    *_, counts, last = seen.ended.err.splitlines()
    assert counts == "made: 1 done, 1 interrupted"
    assert last == "stopped; the same command continues from here"
    assert "Traceback" not in seen.ended.err


def test_no_process_of_a_launch_outlives_it(seen: Seen) -> None:
    assert seen.survivors == {}


def test_ctrl_c_leaves_a_consistent_folder_and_launching_again_goes_on(
    seen: Seen,
) -> None:
    store = Store.open(seen.folder / "results")
    snapshot = take_snapshot(store)
    assert list(snapshot.leases) == list(snapshot.damaged) == []
    assert known(seen.folder) == ["done", "interrupted"]
    (row,) = snapshot.live.to_pylist()
    assert row["error"].startswith("stopped ")
    assert [e["epoch"] for e in row["epoch_rows"]] == list(range(1, row["epochs"] + 1))

    again = run(seen.folder)
    assert again.code == 0, again.err
    assert "made: 2 trials, 1 done, 1 to run" in again.err
    assert known(seen.folder) == ["done", "done"]
    attempts = statuses(take_snapshot(store)).values()
    assert sorted(status.attempts for status in attempts) == [1, 2]
    paths = read_manifest(store)[0].paths(store, "epochs")
    epochs = pa.concat_tables([pq.read_table(path) for path in paths])
    resumed = epochs.filter(pc.equal(epochs["trial_id"], row["trial_id"]))
    assert resumed["epoch"].to_pylist() == list(range(1, 801))
    assert list(store.checkpoints.iterdir()) == list(store.leases.iterdir()) == []
