"""A Ray to run on: one of our own, or one that is already there."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestrator.errors import ClusterError
from orchestrator.spec import Resources

_HOUSE = Path(__file__).resolve().parent.parent
_PACKAGES = ("trainables", "orchestrator")
REACH_SECONDS = 10.0

# Read by Ray and Tune when they start. Our store is the truth, so Tune keeps next to nothing.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "10",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "1000000",
}


# For a Ray of our own: every socket on loopback, on Linux as Ray does it elsewhere by default.
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@contextmanager
def ray_cluster(address: str | None, resources: Resources) -> Iterator[int]:
    """Start a local Ray, or attach to `address`; yield how many trials fit side by side.

    A local Ray listens on loopback alone and ends with the block.
    """
    for name, value in {**_ENVIRONMENT, **({} if address else _LOOPBACK)}.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=FutureWarning, module="ray")
    import ray

    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is None:
        options |= {"address": "local", "include_dashboard": False}
    else:
        _reach(address)
        modules = [str(_HOUSE / package) for package in _PACKAGES]
        options |= {"address": address, "runtime_env": {"py_modules": modules}}
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = address or "local Ray"
        raise ClusterError(
            where, f"cannot be reached ({error})", todo="see `ray status`"
        ) from error
    try:
        _quiet()
        there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        _check(resources, there)
        yield _lanes(resources, there)
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Raise ClusterError if nobody listens at HOST:PORT; Ray itself would try for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # `auto`, say, which Ray looks up by itself
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        what = f"cannot be reached ({error})"
        raise ClusterError(address, what, todo="see `ray status` on its head node") from error


def _quiet() -> None:
    """Tune's own messages would tear the progress display; what matters is in the store."""
    for name in ("ray.tune", "ray.train", "ray"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _lanes(resources: Resources, there: dict[str, float]) -> int:
    """How many trials fit side by side."""
    shares = [(resources.cpu, there.get("CPU", 0.0)), (resources.gpu, there.get("GPU", 0.0))]
    fits = [int(total / share + 1e-9) for share, total in shares if share > 0]
    return max(1, min(fits, default=1))


def _check(resources: Resources, there: dict[str, float]) -> None:
    for name, needed, total in (
        ("cpu", resources.cpu, there.get("CPU", 0.0)),
        ("gpu", resources.gpu, there.get("GPU", 0.0)),
    ):
        if needed > total:
            raise ClusterError(
                f"resources.{name}",
                f"a trial asks for {needed:g}, the cluster has {total:g}",
                todo=f"use --set resources.{name}={total:g}",
            )
