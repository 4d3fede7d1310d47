"""The code and library versions that produced a row."""

from __future__ import annotations

import json
import platform
import socket
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gensweep.orchestrator.store.rows import Provenance

_PACKAGES = ("gensweep", "torch", "torchvision", "numpy", "ray", "pyarrow")


@cache
def git_commit() -> str:
    """The commit of gensweep's own checkout, with `+` if it was changed; empty outside one."""
    here = Path(__file__).resolve().parent.parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=True
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != here:
            return ""
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def provenance(commit: str) -> Provenance:
    """The provenance of this process; `commit` is that of the driver's checkout."""
    return Provenance(socket.gethostname(), commit, json.dumps(versions()))
