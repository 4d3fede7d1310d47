"""Checks of what works on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from gensweep.orchestrator.errors import ClusterError
from gensweep.orchestrator.limits import check_limits
from gensweep.orchestrator.scratch import homeless, scratch
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish
from gensweep.orchestrator.store.inside import remove
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.location import Location, locate
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.trainables.datasets import DATASETS, check_prepared
from gensweep.trainables.errors import DataError

_PACKAGES = ("torch", "torchvision", "ray", "duckdb", "pyarrow", "numpy")
_IMPORT_SECONDS = 120


@dataclass(frozen=True)
class Finding:
    """`broken` stops gensweep from working; `absent` only affects what needs it."""

    what: str
    state: Literal["ok", "absent", "broken"]
    detail: str
    todo: str = ""


def examine(results: str | Location, data_dir: Path) -> list[Finding]:
    """All checks, each independent of the others."""
    return [
        *(_package(name) for name in _PACKAGES),
        _accelerator(),
        _cores(),
        _limits(),
        _scratch(),
        _home(),
        *_datasets(data_dir),
        _results(results),
    ]


def _python(code: str) -> tuple[int, str, str]:
    """Run code in a fresh interpreter, so that a crashing library does not crash this one.

    It imports nothing from the working directory.
    """
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", timeout=_IMPORT_SECONDS
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def _package(name: str) -> Finding:
    try:
        installed = version(name)
    except PackageNotFoundError:
        return Finding(name, "broken", "not installed", f"pip install {name}")
    code, _, complaint = _python(f"import {name}")
    if code == 0:
        return Finding(name, "ok", installed)
    if "torchvision::nms does not exist" in complaint:
        return Finding(
            name,
            "broken",
            f"{installed} was built for another torch than {version('torch')}",
            "install torch and torchvision together, from the same index",
        )
    last = complaint.splitlines()[-1] if complaint else f"exit code {code}"
    return Finding(name, "broken", f"{installed} does not import: {last}", f"reinstall {name}")


def _accelerator() -> Finding:
    code, found, _ = _python(
        "import torch\n"
        "names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]\n"
        "names += ['mps'] if torch.backends.mps.is_available() else []\n"
        "print(', '.join(names))"
    )
    if code == 0 and found:
        return Finding("accelerator", "ok", found)
    return Finding("accelerator", "absent", "none: trials run on the CPU")


def _cores() -> Finding:
    return Finding("cpu", "ok", f"{os.cpu_count()} cores")


def _limits() -> Finding:
    what = "limits"
    try:
        check_limits(own=True)
    except ClusterError as error:
        return Finding(what, "broken", f"{error.where} {error.what}; {error.allowed}", error.todo)
    return Finding(what, "ok", "a process may have the addresses that Ray and torch need")


def _scratch() -> Finding:
    what = "ray folder"
    try:
        with scratch() as folder:
            return Finding(what, "ok", f"in {folder.parent}")
    except ClusterError as error:
        return Finding(what, "broken", f"{error.what}; {error.allowed}", error.todo)


def _home() -> Finding:
    if lacks := homeless(Path()):
        named = "name for this user" if set(lacks) == {"USER"} else "writable home folder"
        return Finding("home", "absent", f"no {named}; trials need none")
    return Finding("home", "ok", str(Path.home()))


def _datasets(data_dir: Path) -> Iterator[Finding]:
    for name, source in DATASETS.items():
        if not source.prepared:
            continue
        try:
            check_prepared(name, data_dir)
            yield Finding(f"dataset {name}", "ok", str(data_dir / name))
        except DataError as error:
            yield Finding(f"dataset {name}", "absent", error.what, f"gensweep data prepare {name}")


def _results(place: str | Location) -> Finding:
    what = "results"
    try:
        results = locate(place)
        if not Store(results.absolute()).marker.exists():
            if isinstance(results, Path) and not results.exists():
                parent = next(p for p in results.absolute().parents if p.exists())
                if not os.access(parent, os.W_OK):
                    return Finding(what, "broken", f"{parent} is not writable", "choose --results")
            if not results.exists():
                return Finding(what, "absent", f"the first launch creates {results}")
        store = Store.open(results)
        damaged = take_snapshot(store, verify=True).damaged
        probe = store.leases / "doctor.probe"
        publish(store.root, probe, b"can be written")
        remove(store.root, probe)
        if damaged:
            rest = f", and {len(damaged) - 1} more" if damaged[1:] else ""
            todo = "the next launch sets it aside and runs its trials again"
            return Finding(what, "broken", f"damaged: {damaged[0]}{rest}", todo)
        return Finding(what, "ok", str(results))
    except StoreError as error:
        return Finding(what, "broken", str(error), error.todo)
