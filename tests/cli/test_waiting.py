"""Ctrl-C while a command waits for something else than its own code."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest


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
