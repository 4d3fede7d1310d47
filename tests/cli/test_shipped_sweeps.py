"""A sweep that comes with gensweep runs by its name, from any folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gensweep = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("forget_datasets")

OWN = """name = "own"
[defaults]
dataset = "synthetic"
[[grid]]
model = "mlp_1x512"
randomization = "true_labels"
"""


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENSWEEP_RESULTS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["sweeps/quickstart.toml", "quickstart.toml"])
def test_a_sweep_of_gensweep_is_found_where_there_is_no_such_file(
    gensweep: Gensweep, name: str
) -> None:
    done = gensweep("plan", name)
    assert done.code == 0
    assert "34 trials" in done.out
    assert done.err == f"no file {name} here: using the sweep that comes with gensweep\n"


@pytest.mark.parametrize("name", ["sweeps/quickstart.toml", "quickstart.toml"])
def test_a_file_of_ones_own_comes_first(gensweep: Gensweep, name: str) -> None:
    Path("sweeps").mkdir()
    Path(name).write_text(OWN)
    done = gensweep("plan", name)
    assert "1 trials" in done.out
    assert done.err == ""


@pytest.mark.parametrize("name", ["quickstrat.toml", "elsewhere/quickstart.toml", "__init__.py"])
def test_nothing_else_is_looked_up_in_the_package(gensweep: Gensweep, name: str) -> None:
    done = gensweep("plan", name)
    assert done.code == 2
    assert done.err == f"gensweep: error: {name}: no such sweep file\n"


def test_a_mistake_in_a_setting_of_such_a_sweep_is_an_error_as_ever(gensweep: Gensweep) -> None:
    done = gensweep("plan", "quickstart.toml", "--set", "epoch=1")
    assert done.code == 2
    assert "--set epoch: unknown key" in done.err


@pytest.mark.parametrize("name", ["sweeps/images_quick.toml", "images_quick.toml"])
def test_the_folder_of_such_a_sweep_is_meant_as_if_it_were_in_sweeps_here(
    gensweep: Gensweep, name: str, tmp_path: Path
) -> None:
    missing = gensweep("plan", name)
    assert missing.code == 2
    assert f"dataset.pictures.folder: {tmp_path}/pictures does not exist; " in missing.err
    (todo,) = re.findall(r"`gensweep (.*)`\n$", missing.err)
    assert gensweep(*todo.split()).code == 0
    assert "3 trials" in gensweep("plan", name).out
    Path("pictures").rename("others")
    assert gensweep("plan", name).code == 2
    assert gensweep("plan", name, "--set", "dataset.pictures.folder=others").code == 0


@pytest.mark.parametrize(
    "name", ["figure_2b", "full_paper", "cifar10_convnets", "quickstart", "imagenet", "imagenet32"]
)
def test_no_two_trials_of_a_plan_read_the_same(gensweep: Gensweep, name: str) -> None:
    planned = gensweep("plan", f"sweeps/{name}.toml", "--format", "csv")
    trials, _ = planned.out.split("\n\n")
    rows = [line.partition(",")[2] for line in trials.splitlines()]
    assert len(set(rows)) == len(rows), "but for their ids"
