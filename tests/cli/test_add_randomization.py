"""CONTRIBUTING's recipe for a randomization: a function and a line in RANDOMIZATIONS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import read_spec
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.datasets.arrays import Images
from gensweep.trainables.randomizations import RANDOMIZATIONS, Pixels, Randomization
from gensweep.trainables.registry import TRAINABLES, Context

Gensweep = Callable[..., Any]

SWEEP = """name = "recipe"
[defaults]
dataset = "synthetic"
epochs = 1
[[grid]]
model = "mlp_1x512"
randomization = ["true_labels", "inverted"]
"""


def invert(train: Images, test: Images, seed: int) -> tuple[Pixels, Pixels]:
    """Every pixel's complement, in both splits."""
    return 255 - train, 255 - test


@pytest.fixture(autouse=True)
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep over the new randomization, in a folder of its own."""
    monkeypatch.setitem(
        RANDOMIZATIONS, "inverted", Randomization("every pixel inverted", images=invert)
    )
    monkeypatch.delenv("GENSWEEP_RESULTS", raising=False)
    monkeypatch.chdir(tmp_path)
    path = Path("recipe.toml")
    path.write_text(SWEEP)
    return path


def test_a_sweep_may_name_it(gensweep: Gensweep) -> None:
    planned = gensweep("plan", "recipe.toml", "--format", "jsonl")
    assert planned.code == 0, planned.err
    trials = [json.loads(line) for line in planned.out.splitlines()]
    assert [trial["randomization"] for trial in trials[:2]] == ["true_labels", "inverted"]


def test_its_name_is_offered_in_place_of_a_wrong_one(gensweep: Gensweep, sweep: Path) -> None:
    sweep.write_text(SWEEP.replace('"inverted"', '"invreted"'))
    refused = gensweep("plan", "recipe.toml")
    assert refused.code == 2
    assert "did you mean 'inverted'?" in refused.err


def test_its_trials_run_and_are_reported(gensweep: Gensweep, sweep: Path, tmp_path: Path) -> None:
    store = Store.create(Path("results"))
    for trial in (planned.trial for planned in plan(read_spec(sweep))):
        writer = TrialWriter(store, trial, Provenance("a-host", "", "{}"))
        run = TRAINABLES["classifier"].run([trial], Context(tmp_path / "data", device="cpu"))
        for _, record in run:
            writer.add(record)
    told = "select randomization, corruption, status from trials order by 1"
    answer = gensweep("query", told, "--format", "csv")
    assert answer.out.split() == [
        "randomization,corruption,status",
        "inverted,0.0,done",
        "true_labels,0.0,done",
    ]
    report = gensweep("report", "--only", "convergence", width=100)
    assert report.code == 0, report.err
    assert "inverted" in report.out


def test_it_changes_no_label_and_every_pixel() -> None:
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    train, test = invert(images, images[:1], seed=0)
    assert np.array_equal(train, 255 - images)
    assert np.array_equal(test, 255 - images[:1])
