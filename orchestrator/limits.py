"""Limits below which Ray cannot work, and does not say so."""

from __future__ import annotations

import resource
import shutil
import sys

from gensweep.orchestrator.errors import ClusterError

# Of one process. On two cores a launch takes 3.0 GiB and a worker 5.8, most of it never used.
ADDRESS_BYTES = 7 * 2**30
FILE_BYTES = 2**30  # of its store of objects, its logs, and our results


def check_limits(own: bool) -> None:
    """Raise ClusterError where Python drops docstrings, or, with a Ray of our own, where a process
    may have too few addresses (`ulimit -v`) or write too little (`ulimit -f`).

    Ray cannot be imported without docstrings. For the rest it waits for processes that have died.
    """
    if sys.flags.optimize > 1:
        what = "drops docstrings (-OO, or PYTHONOPTIMIZE=2), without which Ray cannot be imported"
        raise ClusterError("Python", what, todo="unset PYTHONOPTIMIZE")
    if own:
        if not shutil.which("bash"):
            raise ClusterError("PATH", "names no folder with bash, with which Ray starts workers")
        _check("ulimit -v", resource.RLIMIT_AS, ADDRESS_BYTES, "of addresses")
        _check("ulimit -f", resource.RLIMIT_FSIZE, FILE_BYTES, "in a file")


def _check(name: str, limit: int, least: int, of_what: str) -> None:
    allowed, _ = resource.getrlimit(limit)
    if allowed != resource.RLIM_INFINITY and allowed < least:
        what = f"allows a process {allowed / 2**30:.2g} GiB {of_what}, too little for Ray and torch"
        raise ClusterError(
            name, what, f"at least {least / 2**30:.0f} GiB", f"use `{name} unlimited`"
        )
