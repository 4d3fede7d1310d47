"""Adding a dataset as CONTRIBUTING says, a file and a line in a dict, is enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gensweep.cli.main import app
from gensweep.orchestrator.packs import in_order
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.prepare import prepare
from gensweep.orchestrator.spec import parse_spec
from gensweep.trainables import datasets
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import DATASETS, Source, load
from gensweep.trainables.errors import DataError
from gensweep.trainables.records import Ended, Started
from gensweep.trainables.registry import TRAINABLES

FILE = """
import numpy as np

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.arrays import Dataset, read_cache

def load(data_dir):
    entry = DATASETS["own"]
    if entry.prepared:
        return read_cache("own", data_dir)
    return made(entry)

def made(entry):
    rng = np.random.default_rng(0)
    count = entry.train + entry.test
    images = rng.integers(256, size=(count, entry.size, entry.size, entry.channels), dtype=np.uint8)
    labels = np.arange(count) % entry.classes
    split = entry.train
    return Dataset("own", entry.classes, images[:split], labels[:split], images[split:],
                   labels[split:])

def download(folder):
    return made(DATASETS["own"])

def read(source):
    return made(DATASETS["own"]) if (source / "own.bin").exists() else None

def verified(*arrays):
    return Dataset("own", DATASETS["own"].classes, *arrays)
"""
LINE = Source(
    "own",
    "noise of 100 classes",
    classes=100,
    channels=2,
    size=10,
    view=8,
    train=300,
    test=100,
)
PREPARED = Source(**{**vars(LINE), "forms": "a folder with own.bin"})
SWEEP = """
name = "mine"
[defaults]
dataset = "own"
[[grid]]
model = ["mlp_1x512", "alexnet"]
randomization = ["true_labels", "random_labels"]
crop = true
epochs = 1
[[grid]]
trainable = "expressivity"
n = 50
output = "one_hot"
randomization = "true_labels"
[[grid]]
trainable = "min_norm"
n = 50
steps = 10
[[grid]]
trainable = "kernel"
n = 50
[[grid]]
trainable = "capacity"
n = 50
epochs = 1
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of datasets with one more file in it, and their dict with one more line."""
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "own.py").write_text(FILE)
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path / "datasets")])
    monkeypatch.setitem(DATASETS, "own", LINE)


def test_every_trainable_plans_orders_and_runs_its_trials(own: None) -> None:
    trials = [planned.trial for planned in plan(parse_spec(SWEEP, "mine.toml"))]
    assert len(in_order(trials)) == len(trials) == 8
    seen = {}
    for trial in trials:
        context = Context(Path("no-such-folder"), device="cpu", threads=1)
        records = [record for _, record in TRAINABLES[trial.trainable].run([trial], context)]
        assert records[-1] == Ended("done"), trial
        (started,) = (record for record in records if isinstance(record, Started))
        seen[trial.trainable] = started.parameters
    assert seen["min_norm"] == 8 * 8 * 2 * 100
    assert seen["expressivity"] == 8 * 8 * 2 + 50 * (1 + 100)


def test_a_guess_among_a_hundred_classes_errs_ninety_nine_times(
    own: None, without_trials: Any
) -> None:
    query = "select classes, chance(dataset), generalizes(dataset) from known_datasets"
    found = without_trials.execute(f"{query} where dataset = 'own'")
    nobody = without_trials.execute("select chance('nobody knows')")
    assert found == [(100, pytest.approx(0.99), pytest.approx(0.79))]
    assert nobody == [(None,)]


def test_the_command_lists_it(own: None, tmp_path: Path) -> None:
    asked = ["data", "list", "--data", str(tmp_path), "--format", "csv"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert "own,built in,2x10x10,100,300,100,noise of 100 classes" in result.stdout


def test_one_that_must_be_brought_is_downloaded_or_read(
    own: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATASETS, "own", PREPARED)
    with pytest.raises(DataError, match="gensweep data prepare own"):
        load("own", tmp_path / "data")
    source = tmp_path / "source"
    source.mkdir()
    with pytest.raises(DataError, match=r"holds no own; a folder with own\.bin, or .*Parquet"):
        prepare("own", tmp_path / "data", source)
    (source / "own.bin").touch()
    for found in (None, source):
        prepare("own", tmp_path / "data", found)
        assert np.unique(load("own", tmp_path / "data").train_labels).size == 100
