"""The token that a Ray cluster may ask for, and that Ray finds by itself only for `auto`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gensweep.orchestrator.errors import ClusterError

# Reaches a cluster's head, or says at once why not, where `ray.init` would go on trying for long.
_PROBE = """
import sys
from ray._private.services import canonicalize_bootstrap_address
from ray._raylet import GcsClient
GcsClient(address=canonicalize_bootstrap_address(sys.argv[1]))
"""
_TODO = "put what `ray get-auth-token` says on its head node into RAY_AUTH_TOKEN"


def auth_mode(address: str) -> str:
    """What RAY_AUTH_MODE has to be: `token` where the cluster asks for one, else `disabled`.

    It matters both ways: a driver that shows no token is refused, and the workers of one that
    shows a token where none is asked for all die. Raises ClusterError if it cannot be right.
    """
    if _refused(address, "disabled"):
        mode, asks = "token", "asks for a token"
        if not _is_here():
            raise ClusterError(address, "asks for a token, and there is none here", todo=_TODO)
        if _refused(address, "token"):
            raise ClusterError(address, "does not take the token that is here", todo=_TODO)
    else:
        mode, asks = "disabled", "asks for no token"
    wanted = os.environ.get("RAY_AUTH_MODE", mode)
    if wanted.lower() != mode:
        raise ClusterError(address, f"{asks}, but RAY_AUTH_MODE is {wanted}", todo="unset it")
    return mode


def _refused(address: str, mode: str) -> bool:
    """Whether the cluster lets nobody in who shows no token, or the one that is here."""
    command = [sys.executable, "-P", "-c", _PROBE, address]
    environment = os.environ | {"RAY_AUTH_MODE": mode}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as probe:
        assert probe.stderr is not None
        refused = any("Unauthenticated" in line for line in probe.stderr)
        probe.kill()  # it would try again and again
    return refused


def _is_here() -> bool:
    """Whether there is a token where Ray looks for one."""
    named = [os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")]
    return any(named) or Path("~/.ray/auth_token").expanduser().exists()
