"""Commands that are stopped while they wait, or lose what they stand on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gensweep.orchestrator.store.layout import Store


@pytest.mark.parametrize("command", [["status"], ["query", "select 1"], ["compact"]])
def test_a_server_that_says_nothing_does_not_hold_up_who_wants_to_leave(command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        aws = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "gensweep", *command, "--results", "s3://bucket/results"],
            env={**os.environ, **aws},
            stderr=subprocess.PIPE,
            text=True,
        )
        server.settimeout(60)
        with server.accept()[0]:
            time.sleep(0.2)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)[1]
    assert time.monotonic() - begun < 5
    assert (process.returncode, said) == (130, "gensweep: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_query_that_is_stopped_leaves_nothing_of_what_it_wrote_to_disk(
    number: signal.Signals, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    Store.create(tmp_path / "results")
    sql = "select * from range(100000000) a order by hash(range)"
    process = subprocess.Popen(
        [sys.executable, "-m", "gensweep", "query", sql, "--memory", "200MB"],
        env={**os.environ, "TMPDIR": str(scratch), "GENSWEEP_RESULTS": str(tmp_path / "results")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not list(scratch.glob("*/spill/*")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (130, "gensweep: interrupted\n")
    assert list(scratch.iterdir()) == []


def test_impatience_at_the_end_gives_no_traceback(tmp_path: Path) -> None:
    """Ctrl-C again and again, from the first one until the program has ended."""
    Store.create(tmp_path / "results")
    process = subprocess.Popen(
        [sys.executable, "-m", "gensweep", "query", "select max(i) from range(1000000000000) r(i)"],
        env={**os.environ, "GENSWEEP_RESULTS": str(tmp_path / "results")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "gensweep: interrupted\n"
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
    assert (process.returncode, process.stderr.read()) == (130, "")


def test_a_folder_that_is_deleted_under_a_command_is_what_it_complains_of(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import os, sys; from gensweep.cli.main import main; os.rmdir(os.getcwd()); "
        "sys.argv = ['gensweep', 'status']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=gone, capture_output=True, text=True)
    said = "gensweep: error: the current folder: was deleted; change to another one\n"
    assert (done.returncode, done.stderr) == (3, said)
