"""Whoever installs gensweep from a wheel has all of it, and works outside the checkout."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("analysis", "cli", "orchestrator", "sweeps", "trainables")
ENDINGS = {".py", ".sql", ".toml", ".html", ".css", ".js"}


def expected() -> set[str]:
    """The files of the package as they should be named in the wheel."""
    own = {f"gensweep/{path.name}" for path in (ROOT / "gensweep").iterdir() if path.is_file()}
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    return own | {f"gensweep/{path.relative_to(ROOT)}" for path in found if path.suffix in ENDINGS}


@pytest.mark.parametrize("source", ["wheel", "wheel_of_sdist"])
def test_the_wheel_has_every_file_of_the_package_once(
    request: pytest.FixtureRequest, source: str
) -> None:
    names = ZipFile(request.getfixturevalue(source)).namelist()
    package = Counter(name for name in names if ".dist-info/" not in name)
    assert package == dict.fromkeys(expected(), 1)
    assert "gensweep/py.typed" in package


def test_no_kind_of_file_is_left_out() -> None:
    tracked = {
        path.suffix
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert tracked <= ENDINGS


def test_the_source_archive_holds_files_and_no_links(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        assert not [member.name for member in archive if member.issym() or member.islnk()]


# What a user has in a folder: files with the names of our folders and of a standard module.
OWN = "raise SystemExit('a file of the user was imported')\n"
SWEEP = """name = "tiny"
[defaults]
dataset = "synthetic"
epochs = 1
[[grid]]
model = "mlp_1x512"
randomization = "true_labels"
"""

Installed = Callable[..., CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("trainables.py", "orchestrator.py", "profile.py"):
        (tmp_path / name).write_text(OWN)
    for name in ("analysis", "cli"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(OWN)
    return tmp_path


@pytest.mark.parametrize("program", ["gensweep", "python -m gensweep"])
def test_the_installed_command_works_beside_files_named_like_our_folders(
    installed: Installed, folder: Path, program: str
) -> None:
    version = installed(folder, *program.split(), "--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("gensweep ")
    assert "launch" in installed(folder, *program.split(), "--help").stdout


def test_the_readmes_sweep_can_be_planned_from_the_wheel(
    installed: Installed, folder: Path
) -> None:
    planned = installed(folder, "gensweep", "plan", "sweeps/quickstart.toml")
    assert planned.returncode == 0, planned.stderr
    assert "34 trials" in planned.stdout


def test_trials_run_beside_files_named_like_our_folders(installed: Installed, folder: Path) -> None:
    (folder / "tiny.toml").write_text(SWEEP)
    launched = installed(folder, "gensweep", "launch", "tiny.toml")
    assert launched.returncode == 0, launched.stderr
    status = installed(folder, "gensweep", "query", "select status from trials", "--format", "csv")
    assert status.stdout.split() == ["status", "done"]


def test_old_results_can_be_asked_from_the_wheel(installed: Installed, folder: Path) -> None:
    results = str(ROOT / "docs" / "cifar10_cpu")
    asked = ("gensweep", "query", "select count(*) > 0 as some from claims", "--format", "csv")
    answer = installed(folder, *asked, GENSWEEP_RESULTS=results)
    assert (answer.returncode, answer.stdout.split()) == (0, ["some", "true"]), answer.stderr


def test_a_missing_results_folder_is_named(installed: Installed, folder: Path) -> None:
    asked = installed(folder, "gensweep", "query", "select 1")
    assert asked.returncode == 3
    assert asked.stderr.startswith("gensweep: error: ")


def test_a_notebook_imports_the_wheel_beside_its_own_files(
    installed: Installed, folder: Path
) -> None:
    code = """
import gensweep.trainables.registry, gensweep.orchestrator.spec, gensweep.analysis.report
import gensweep.cli.main
print(gensweep.__file__)
"""
    done = installed(folder, "python", "-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not Path(done.stdout.strip()).is_relative_to(ROOT)
