"""Launches that lose Ray, share a folder or run out of disk go on, or say in a line why not."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import gensweep
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import read_leases
from gensweep.orchestrator.store.statuses import TrialStatus
from gensweep.trainables.classifier.checkpoint import deserialize

SHORT = "[[grid]]\nepochs = 2\nseed = {}\n"
SAVED = "[[grid]]\nepochs = 300\n"  # enough for checkpoints
LONG = "[[grid]]\nepochs = 1200\n"  # enough to be killed in the middle of


def test_when_ray_dies_a_launch_goes_on_with_another_or_ends_and_says_so(
    tmp_path: Path, sweep: Any, process: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    """Without its node's raylet Ray ends in good order; without its head it hears nothing more."""
    swept, expected = sweep(tmp_path / "raylet", LONG), sweep(tmp_path / "expected", LONG)
    without_raylet, without_head = process(swept), process(sweep(tmp_path / "head", LONG))
    wait_for(without_raylet.saved, without_raylet.started)
    without_raylet.kill("raylet/raylet")
    wait_for(without_head.saved, without_head.started)
    without_head.kill("gcs_server")
    killed = time.monotonic()
    code, said = without_head.end()
    assert time.monotonic() - killed < 30.0
    assert (code, said[1:]) == (
        3,
        [
            "starting Ray",
            "gensweep: error: local Ray: has died; the same command continues from here",
        ],
    )
    code, said = without_raylet.end()
    assert code == 0, said
    assert said[2] == "local Ray has died; starting another"
    assert without_raylet.out.startswith("In short\n")  # and not with the raylet's log
    assert swept.known() == [TrialStatus("done", 2)]
    expected.run_here()
    assert swept.rows() == expected.rows()


def test_signals_to_all_processes_at_once_save_the_trials_and_then_stop_the_launch(
    tmp_path: Path, sweep: Any, process: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    """As Slurm and systemd send them: Ray's own processes must not end before trials are saved."""
    swept = sweep(tmp_path, LONG)
    launched = process(swept)
    checkpoint = tmp_path / "results" / "checkpoints" / f"{swept.ids[0]}.ckpt"
    wait_for(checkpoint.exists, launched.started)
    launched.signal(signal.SIGUSR1)  # save and go on
    time.sleep(2.0)
    assert launched.started.poll() is None
    launched.signal(signal.SIGTERM)
    began = time.monotonic()
    code, said = launched.end()
    took = time.monotonic() - began
    assert code == 130, said
    stopped = "stopped; the same command continues from here"
    assert said[1:] == ["starting Ray", "made: 1 interrupted", stopped]
    assert took < 60.0  # on an idle machine less than 5
    assert swept.known() == [TrialStatus("interrupted", 1)]
    saved = deserialize(checkpoint.read_bytes(), swept.planned[0].trial)
    rows = gensweep.connect(tmp_path / "results").table("select steps from trials").rows
    assert rows == [(saved.steps,)]


def test_launches_share_a_folder_and_no_trial_is_run_by_two(
    tmp_path: Path, sweep: Any, process: Callable[..., Any], wait_for: Callable[..., None]
) -> None:
    first = process(sweep(tmp_path, SHORT.format([0]) + LONG))
    store = Store.create(tmp_path / "results")
    wait_for(lambda: read_leases(store), first.started)
    apart = process(sweep(tmp_path, SHORT.format([2]), "apart"))
    sharing = process(sweep(tmp_path, SHORT.format([3]) + LONG, "sharing"))
    code, said = sharing.end()
    assert code == 3, said
    who = f"the launch of made by process {first.started.pid} on "
    assert f"in use: 1 of these trials is claimed by {who}" in said[-1]
    for other in (first, apart):
        code, said = other.end()
        assert code == 0, said
    together = sweep(tmp_path, SHORT.format([0, 2, 3]) + LONG)
    assert together.known() == [TrialStatus("done", 1)] * 4


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
    small: Path, tmp_path: Path, sweep: Any, process: Callable[..., Any]
) -> None:
    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(small)], check=True)

    grids = SHORT.format(2) + SAVED
    swept, expected = sweep(small.parent, grids), sweep(tmp_path / "expected", grids)
    checkpoint = small / "checkpoints" / f"{swept.ids[1]}.ckpt"
    code, said = process(swept).end()
    assert code == 3
    assert said[-1].startswith(f"gensweep: error: {checkpoint}: cannot be written")
    assert "No space left on device" in said[-1]
    assert len([line for line in said if line.startswith("gensweep:")]) == 1
    assert swept.known()[0] == TrialStatus("done", 1)

    remount("ro")
    code, said = process(swept).end()
    assert code == 3
    assert said[0] == "made: 2 trials, 1 done, 1 to run"
    assert len(said) == 2
    assert f"gensweep: error: {small}" in said[1]
    assert "cannot be written (Read-only file system)" in said[1]

    remount("rw,size=64m")
    code, said = process(swept).end()
    assert code == 0, said
    expected.run_here()
    assert swept.rows() == expected.rows()
