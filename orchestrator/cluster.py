"""A Ray to run on: one of our own, or one that is already there."""

from __future__ import annotations

import logging
import math
import os
import secrets
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from gensweep.orchestrator.errors import ClusterError
from gensweep.orchestrator.interrupt import kept_handler, unheard_by_children
from gensweep.orchestrator.limits import check_limits
from gensweep.orchestrator.nodes import nodes
from gensweep.orchestrator.ray_start import not_started
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.scratch import environment, homeless, scratch
from gensweep.orchestrator.tokens import auth_mode
from gensweep.orchestrator.watchdog import end, started_by, tell, watch_ray

_PACKAGE = Path(__file__).parent.parent  # gensweep, as it was imported
REACH_SECONDS = 10.0
_OBJECT_BYTES = 128 * 2**20  # messages are small; every process of Ray maps the whole store
_OUR_TOKEN = secrets.token_hex(32)

# Read by Ray and Tune when they start. Our store is the truth, so Tune keeps next to nothing.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",
    "TUNE_FORCE_TRIAL_CLEANUP_S": "120",  # for the checkpoint with which a trial stops
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "1000000",
}


# For a Ray of our own. Every socket is on loopback, on Linux as Ray does it elsewhere by default.
# Workers lower their own priority (`worker.give_way`), and take long to start on a busy machine.
# There Ray's parts take each other for dead; the watchdog finds out sooner which one really is.
_OWN = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_worker_niceness": "0",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_gcs_server_port_wait_time_s": "120",
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "120",
    "RAY_gcs_rpc_server_connect_timeout_s": "60",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
    "RAY_health_check_failure_threshold": "60",
}

# Old settings of Tune, at which it now raises DeprecationWarning. We name its folder ourselves.
_REFUSED = ("TUNE_RESULT_DIR", "RAY_AIR_LOCAL_CACHE_DIR")

_WITH_SIGNALS = ("ray._private.utils", "ray._private.node", "ray.tune.tune")


@contextmanager
def ray_cluster(
    address: str | None, resources: Resources, stuck: Callable[[ClusterError], int] = tell
) -> Iterator[int]:
    """Start a local Ray, or attach to `address`; yield how many trials fit there side by side.

    A local Ray listens on loopback alone and ends with the block; of the signals that stop a launch
    it hears none. Raises RayLostError in the block if Ray dies. `stuck` is as for `watch_ray`.
    """
    if address is not None:
        _reach(address)
    check_limits(own=address is None)
    with ExitStack() as stack:
        if address is None:
            folder = stack.enter_context(scratch())
            there, logs = {**_OWN, **_token(), **homeless(folder)}, str(folder)
            if not resources.compile:  # whose kernels the next launch finds in the usual place
                there |= {"TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor")}
            if not os.environ.get("PATH"):
                os.environ["PATH"] = os.defpath  # Ray looks for programs, and does not say so
        else:
            there, logs = {"RAY_AUTH_MODE": auth_mode(address)}, ""
        stack.enter_context(environment({**_ENVIRONMENT, **there}))
        for name in _REFUSED:
            os.environ.pop(name, None)
        warnings.filterwarnings("ignore", category=FutureWarning, module="ray")
        import ray

        from gensweep.orchestrator.paths import SafeJob, own_folder

        _leave_signals_to_us()
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if address is None:
            options |= {"address": "local", "include_dashboard": False}
            options |= {"_temp_dir": str(folder / "ray"), "object_store_memory": _OBJECT_BYTES}
            options |= {"job_config": SafeJob(own_folder())}
        else:
            options |= {"address": address, "runtime_env": {"py_modules": [str(_PACKAGE)]}}
            options |= {"job_config": SafeJob([])}
        stack.callback(ray.shutdown)
        is_up = stack.enter_context(watch_ray(address or "local Ray", stuck, logs))
        with kept_handler(), nullcontext() if address else unheard_by_children():
            try:
                ray.init(**options)
            except Exception as error:  # a bare one, where a node takes too long to start
                if address:
                    what = f"cannot be reached ({error})"
                    raise ClusterError(address, what, todo="see `ray status`") from error
                raise not_started(error, folder) from error
        is_up()
        _quiet()
        _check(resources, ray.cluster_resources())  # type: ignore[no-untyped-call]
        yield _workers(resources)


def _token() -> dict[str, str]:
    """A token of this process's own, unless the user names one; Ray would keep one in the home
    folder. Ray remembers it for as long as the process lives.
    """
    return {} if "RAY_AUTH_TOKEN_PATH" in os.environ else {"RAY_AUTH_TOKEN": _OUR_TOKEN}


def _reach(address: str) -> None:
    """Raise ClusterError unless a Ray head may listen there; Ray itself would try for many minutes,
    and with `local` start a Ray that all of the network may use.
    """
    if address in ("", "local"):
        what = "names no cluster"
        todo = "leave out --address for a Ray of the launch's own"
        raise ClusterError(repr(address), what, "HOST:PORT of the head node, or auto", todo)
    if address.startswith("ray://"):
        what = "is the address of a Ray Client, through which no trials can be run"
        raise ClusterError(address, what, "HOST:PORT of the head node", "use its port, often 6379")
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return  # `auto`, say, which Ray looks up by itself
    todo = "see `ray status` on its head node"
    try:
        place = host.strip("[]"), int(port)
        with socket.create_connection(place, timeout=REACH_SECONDS) as peer:
            if os.environ.get("RAY_USE_TLS", "0") == "0" and not _speaks_http2(peer):
                raise ClusterError(address, "is no Ray: it does not answer as one", todo=todo)
    except (OSError, OverflowError) as error:
        what = f"cannot be reached ({error})"
        raise ClusterError(address, what, todo=todo) from error


def _speaks_http2(peer: socket.socket) -> bool:
    """Whether it answers the first words of gRPC, which are HTTP/2's (RFC 9113, section 3.4)."""
    peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
    try:
        return peer.recv(9)[3:4] == b"\4"  # a frame of settings
    except TimeoutError:
        return False


def _quiet() -> None:
    """Ray's own messages would tear the progress display; what matters is in the store."""
    from ray._private import worker

    for name in ("ray.tune", "ray.train", "ray"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    worker.print_to_stdstream = _drop  # the log of a node that died goes to stdout otherwise


@cache
def _leave_signals_to_us() -> None:
    """Ray and Tune would install handlers of their own in this process, and keep them there; at its
    end Ray would wait a second for each of its processes to hear SIGTERM. What those have started
    would outlive them by the minute in which it tries to tell them that they are dead.
    """
    utils, node, tuning = map(import_module, _WITH_SIGNALS)
    kill = node.Node.kill_all_processes

    def kill_now(self: Any, **how: Any) -> None:
        own = chain.from_iterable(self.all_processes.values())
        started = [process for info in own for process in started_by(info.process.pid)]
        kill(self, **{**how, "allow_graceful": False})
        end(started)

    vars(utils)["set_sigterm_handler"] = _drop
    vars(tuning)["_setup_signal_catching"] = threading.Event
    vars(node)["Node"].kill_all_processes = kill_now


def _drop(*anything: Any, **more: Any) -> None:
    pass


def _workers(resources: Resources) -> int:
    """How many fit side by side. Raises ClusterError if no node has room for one.

    The ranks of a worker may be on several nodes.
    """
    fit = int(sum(node["workers"] for node in nodes(resources))) // resources.ranks
    if not fit:
        share = f"{resources.cpu:g} CPUs and {resources.gpu_of_a_rank:g} GPUs"
        if resources.ranks > 1:
            what = f"a trial asks for {resources.ranks} times {share}, and the nodes have less"
        else:
            what = f"a trial asks for {share}, and no single node has as much"
        raise ClusterError("resources", what, todo="see `ray status`")
    return fit


def _check(resources: Resources, there: dict[str, float]) -> None:
    ranks = resources.ranks
    for name, needed, total, each in (
        ("gpu", resources.gpu, there.get("GPU", 0.0), 1),
        ("cpu", resources.cpu * ranks, there.get("CPU", 0.0), ranks),  # for each of them
    ):
        if needed > total:
            most = math.floor(100 * total / each) / 100
            todo = (
                f"use --set resources.{name}={most:g}" if most or each == 1 else "use fewer workers"
            )
            what = f"a trial asks for {needed:.12g}, and there are {total:g}"
            raise ClusterError(f"resources.{name}", what, todo=todo)
