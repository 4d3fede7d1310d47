"""Limits of the system below which Ray cannot work, and does not say so."""

from __future__ import annotations

import resource

from gensweep.orchestrator.errors import ClusterError

# Of one process. On two cores a launch takes 3.0 GiB and a worker 5.8, most of it never used.
ADDRESS_BYTES = 7 * 2**30


def check_limits() -> None:
    """Raise ClusterError where a process may have too few addresses (`ulimit -v`).

    Ray then waits for processes that have died, and holds the interpreter meanwhile.
    """
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed != resource.RLIM_INFINITY and allowed < ADDRESS_BYTES:
        what = f"allows a process {allowed / 2**30:.1f} GiB of addresses, too few for Ray and torch"
        least = f"at least {ADDRESS_BYTES / 2**30:.0f} GiB"
        raise ClusterError("ulimit -v", what, least, "use `ulimit -v unlimited`")
