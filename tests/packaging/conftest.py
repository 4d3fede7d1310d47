"""gensweep as it is published: a source archive, and a wheel built from it and installed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("analysis", "cli", "gensweep", "orchestrator", "sweeps", "trainables")
FILES = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md")


def run(command: Sequence[str | Path], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr


def pip(*arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]


def build_wheel(source: Path, target: Path) -> Path:
    """Build offline, with the setuptools that is installed here."""
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", target)
    run(pip("wheel", *options, source), source)
    (wheel,) = target.glob("gensweep-*.whl")
    return wheel


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the packages are made from: building leaves files beside it."""
    copy = tmp_path_factory.mktemp("checkout")
    packed = copy / "packed.tar"
    with tarfile.open(packed, "w") as archive:
        for name in (*FOLDERS, *FILES):
            archive.add(ROOT / name, name, filter=_without_caches)
    with tarfile.open(packed) as archive:
        archive.extractall(copy, filter="data")
    packed.unlink()
    return copy


def _without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


@pytest.fixture(scope="session")
def sdist(checkout: Path) -> Path:
    code = "import setuptools.build_meta as backend; backend.build_sdist('dist')"
    run([sys.executable, "-c", code], checkout)
    (archive,) = (checkout / "dist").glob("gensweep-*.tar.gz")
    return archive


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as built from the checkout."""
    return build_wheel(checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def wheel_of_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    unpacked = tmp_path_factory.mktemp("sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    return build_wheel(source, tmp_path_factory.mktemp("wheel_of_sdist"))


@pytest.fixture(scope="session")
def installed(
    wheel_of_sdist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program, in a folder, of an environment that has the wheel and not this checkout.

    A .pth file that adds this environment's site-packages makes the dependencies importable
    without running the .pth files there, and so without the editable install of gensweep.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    run(pip("--python", folder, "install", "--quiet", "--no-deps", wheel_of_sdist), folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    own = ("PYTHON", "GENSWEEP_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}

    def call(
        where: Path, program: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [folder / "bin" / program, *arguments],
            cwd=where,
            env=inherited | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return call
