"""The programs under benchmarks/ that show what we claim about reliability, in short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def run(*arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / arguments[0]), *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize("where", [(), ("--bucket",)], ids=["folder", "bucket"])
def test_whatever_is_killed_launching_again_gives_the_same_tables(where: tuple[str, ...]) -> None:
    said = run("chaos.py", "--rounds", "1", "--kills", "3", "--seed", "3", *where)
    assert "every round gave the tables of the undisturbed run" in said
    kills = re.search(r"1 rounds, (\d+) launches, kills: \{(.*)\}", said)
    assert kills
    assert int(kills[1]) >= 2, "nothing was killed"


@pytest.mark.timeout(600)
def test_a_thousand_trials_leave_few_files_and_little_in_the_drivers_memory() -> None:
    trials, _, _, growth, files, _, _ = re.split(r"\s{2,}", run("scale.py", "1000").strip())
    assert trials == "1,000"
    assert int(growth.removesuffix(" MB")) <= 300
    assert int(files) <= 50
