"""A folder of a launch's own for what Ray and its workers write besides results."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gensweep.orchestrator.errors import ClusterError

# In Ray's session folder lie sockets, whose paths the system limits: to 107 bytes on Linux.
_SOCKET_BYTES = 107 if os.uname().sysname == "Linux" else 103
_SOCKET = "ray/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
_PREFIX = "gensweep-"
_LONGEST = _SOCKET_BYTES - len(f"/{_PREFIX}12345678/{_SOCKET}")
_PROBE_BYTES = 2**20  # Ray's logs begin with less
_TRIES = 10  # Ray's processes may write while they end

# Named by these variables of the environment, or usual; the first that works is taken.
_NAMED = ("RAY_TMPDIR", "TMPDIR", "XDG_RUNTIME_DIR")
_USUAL = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108

# What libraries keep in the home folder, if there is one.
_CACHES = {
    "XDG_CACHE_HOME": "cache",
    "MPLCONFIGDIR": "matplotlib",
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TRITON_CACHE_DIR": "triton",
    "CUDA_CACHE_PATH": "cuda",
}


_FOLDERS: set[Path] = set()  # that this process has made and not removed


@contextmanager
def scratch() -> Iterator[Path]:
    """A new folder that only this user can enter, with a path short enough for Ray's sockets.

    It is removed with the block. Raises ClusterError, with a reason for each place, if there is
    nowhere to make it.
    """
    with removed(_make()) as folder:
        yield folder


@contextmanager
def removed(folder: Path) -> Iterator[Path]:
    """The folder is removed with the block, or by `remove_all`."""
    _FOLDERS.add(folder)
    try:
        yield folder
    finally:
        _remove(folder)


def remove_all() -> None:
    """For a process that ends without leaving its blocks."""
    for folder in list(_FOLDERS):
        _remove(folder)


def _remove(folder: Path) -> None:
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.1)
    _FOLDERS.discard(folder)


def _make() -> Path:
    named = (os.environ.get(name, "") for name in _NAMED)
    reasons = []
    for place in dict.fromkeys([*filter(None, named), *_USUAL]):
        try:
            return _make_in(place)
        except OSError as error:
            reasons.append(f"{place} ({error.strerror or error})")
    raise ClusterError(
        "local Ray",
        f"finds no folder for its files: {', '.join(reasons)}",
        f"a writable folder with a path of at most {_LONGEST} bytes",
        "set TMPDIR to one",
    )


def _make_in(place: str) -> Path:
    """A folder there in which a file can be written and a socket be bound."""
    if len(os.fsencode(place.rstrip("/"))) > _LONGEST:
        raise OSError(f"its path is longer than {_LONGEST} bytes")
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=Path(place).absolute()))
    try:
        (folder / "probe").write_bytes(bytes(_PROBE_BYTES))
        path = folder / _SOCKET
        path.parent.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
        shutil.rmtree(folder / "ray")
        (folder / "probe").unlink()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def homeless(folder: Path) -> dict[str, str]:
    """Variables of the environment for a user without a writable home folder or a name."""
    found: dict[str, str] = {}
    try:
        with tempfile.TemporaryFile(dir=Path(os.environ.get("HOME") or "~").expanduser()):
            pass
    except (RuntimeError, OSError):
        found |= {name: str(folder / under) for name, under in _CACHES.items()}
    try:
        getpass.getuser()
    except (KeyError, OSError):  # as torch asks for it, to name a folder
        found["USER"] = f"uid-{os.getuid()}"
    return found


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment that are not set, for the duration of the block."""
    mine = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ |= mine
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)
