"""Continuous integration and pre-commit run commands that exist."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
MAKEFILE = (ROOT / "Makefile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def steps() -> Iterator[dict[str, Any]]:
    for job in WORKFLOW["jobs"].values():
        yield from job["steps"]


def test_every_command_of_the_workflow_exists() -> None:
    commands = [step["run"] for step in steps() if "run" in step]
    assert commands
    for command in commands:
        program, *arguments = command.split()
        if program == "make":
            assert all(re.search(rf"^{goal}:", MAKEFILE, re.MULTILINE) for goal in arguments)
        else:
            assert (ROOT / program).stat().st_mode & 0o111, f"{program} cannot be run"


def test_the_goals_of_the_makefile_are_phony_or_files() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)
    goals = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert goals == set(phony.split())


def test_the_workflow_runs_the_versions_that_the_package_names() -> None:
    prefix = "Programming Language :: Python :: 3."
    named = [f"3.{c.removeprefix(prefix)}" for c in PROJECT["classifiers"] if c.startswith(prefix)]
    assert WORKFLOW["jobs"]["check"]["strategy"]["matrix"]["python-version"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_pre_commit_runs_the_tools_of_the_development_environment() -> None:
    needed = {re.split("[>=]", name)[0] for name in PROJECT["optional-dependencies"]["dev"]}
    assert {Path(hook["entry"].split()[0]).name for hook in HOOKS} <= needed
    assert all(hook["entry"].startswith(".venv/bin/") for hook in HOOKS)
