"""The doctor finds what works on this machine and what does not, and says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from gensweep.orchestrator import doctor
from gensweep.orchestrator.doctor import Finding, examine
from gensweep.orchestrator.store import inside
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.datasets.arrays import Dataset, write_cache


class Python:
    """Answers in place of a fresh interpreter; importing torch takes its time."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, str]] = {}

    def __call__(self, code: str) -> tuple[int, str, str]:
        return next((a for part, a in self.answers.items() if part in code), (0, "", ""))


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch) -> Python:
    answers = Python()
    monkeypatch.setattr(doctor, "_python", answers)
    return answers


def finding(what: str, folder: Path) -> Finding:
    (found,) = [f for f in examine(folder / "results", folder / "data") if f.what == what]
    return found


def test_a_fresh_interpreter_gives_its_exit_code_and_both_its_streams() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert doctor._python(code) == (3, "out", "err")


def test_a_fresh_interpreter_imports_nothing_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profile.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    assert doctor._python("import profile") == (0, "", "")


def test_on_a_machine_in_order_nothing_is_broken(python: Python, tmp_path: Path) -> None:
    found = examine(tmp_path / "results", tmp_path / "data")
    assert [f for f in found if f.state == "broken"] == []
    assert {"torch", "ray", "pyarrow", "accelerator", "cpu", "dataset cifar10", "results"} <= {
        f.what for f in found
    }


@pytest.mark.parametrize(
    ("answer", "detail", "todo"),
    [
        ((1, "", "Traceback\nImportError: no libcuda"), "ImportError: no libcuda", "reinstall"),
        ((-11, "", ""), "exit code -11", "reinstall torchvision"),
        ((1, "", "operator torchvision::nms does not exist"), "another torch", "same index"),
    ],
)
def test_a_package_that_does_not_import_is_broken_and_the_rest_is_examined_all_the_same(
    python: Python, tmp_path: Path, answer: tuple[int, str, str], detail: str, todo: str
) -> None:
    python.answers["import torchvision"] = answer
    found = {f.what: f for f in examine(tmp_path / "results", tmp_path / "data")}
    assert found["torchvision"].state == "broken"
    assert detail in found["torchvision"].detail
    assert todo in found["torchvision"].todo
    assert found["ray"].state == found["cpu"].state == "ok"


def test_a_package_that_is_not_installed_is_broken(
    python: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_PACKAGES", ("no-such-package",))
    found = finding("no-such-package", tmp_path)
    assert (found.state, found.todo) == ("broken", "pip install no-such-package")


@pytest.mark.parametrize(
    ("answer", "state"),
    [((0, "a GPU", ""), "ok"), ((0, "", ""), "absent"), ((1, "", "no driver"), "absent")],
)
def test_an_accelerator_is_good_to_have(
    python: Python, tmp_path: Path, answer: tuple[int, str, str], state: str
) -> None:
    python.answers["get_device_name"] = answer
    assert finding("accelerator", tmp_path).state == state


def test_a_dataset_is_there_once_it_was_prepared(python: Python, tmp_path: Path) -> None:
    absent = finding("dataset cifar10", tmp_path)
    assert (absent.state, absent.todo) == ("absent", "gensweep data prepare cifar10")
    images, labels = np.zeros((2, 32, 32, 3), np.uint8), np.zeros(2, np.int64)
    write_cache(Dataset("cifar10", 10, images, labels, images, labels), tmp_path / "data")
    assert finding("dataset cifar10", tmp_path).state == "ok"


def test_results_are_ok_where_they_are_and_absent_where_they_will_be(
    python: Python, tmp_path: Path
) -> None:
    assert finding("results", tmp_path).state == "absent"
    store = Store.create(tmp_path / "results")
    assert finding("results", tmp_path) == Finding("results", "ok", str(store.root))


def test_damaged_and_foreign_results_are_broken(python: Python, tmp_path: Path) -> None:
    store = Store.create(tmp_path / "results")
    store.live_file("00000000beef").write_bytes(b"nothing")
    found = finding("results", tmp_path)
    assert found.detail.startswith(f"damaged: {store.live_file('00000000beef')}: ")
    assert "the next launch sets it aside" in found.todo
    store.marker.unlink()
    foreign = finding("results", tmp_path)
    assert foreign.state == "broken"
    assert "holds no gensweep results" in foreign.detail


@pytest.mark.parametrize("made", [False, True])
def test_a_place_that_cannot_be_written_is_broken(
    python: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    if made:
        Store.create(tmp_path / "results")

    def refuse(source: str, target: str, **folders: int) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    monkeypatch.setattr(inside.os, "replace", refuse)
    found = finding("results", tmp_path)
    assert found.state == "broken"
    assert ("cannot be written" if made else "is not writable") in found.detail
    assert "--results" in found.todo
