"""The token that a Ray cluster may require. Ray itself handles it only for `auto`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gensweep.orchestrator.errors import ClusterError

# Connects to a cluster's head, or fails at once, where `ray.init` would retry for a long time.
_PROBE = """
import sys
from ray._private.services import canonicalize_bootstrap_address
from ray._raylet import GcsClient
GcsClient(address=canonicalize_bootstrap_address(sys.argv[1]))
"""
_TODO = "set RAY_AUTH_TOKEN to what `ray get-auth-token` prints on its head node"


def auth_mode(address: str) -> str:
    """The value RAY_AUTH_MODE must have: `token` if the cluster requires one, else `disabled`.

    Both mistakes are fatal: a driver without a required token is refused, and with a token that is
    not required all its workers die. Raises ClusterError if neither value can work.
    """
    if _refused(address, "disabled"):
        mode, asks = "token", "asks for a token"
        if not _is_here():
            raise ClusterError(address, "requires a token, and there is none here", todo=_TODO)
        if _refused(address, "token"):
            raise ClusterError(address, "rejects the token that is here", todo=_TODO)
    else:
        mode, asks = "disabled", "asks for no token"
    wanted = os.environ.get("RAY_AUTH_MODE", mode)
    if wanted.lower() != mode:
        raise ClusterError(address, f"{asks}, but RAY_AUTH_MODE is {wanted}", todo="unset it")
    return mode


def _refused(address: str, mode: str) -> bool:
    """Whether the cluster refuses this process, with the token that is here or without one."""
    command = [sys.executable, "-P", "-c", _PROBE, address]
    environment = os.environ | {"RAY_AUTH_MODE": mode}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
    ) as probe:
        assert probe.stderr is not None
        refused = any("Unauthenticated" in line for line in probe.stderr)
        probe.kill()  # it would retry forever
    return refused


def _is_here() -> bool:
    """Whether Ray's usual places hold a token."""
    named = [os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")]
    return any(named) or Path("~/.ray/auth_token").expanduser().exists()
