"""Adding a model as CONTRIBUTING says, a class in a file and a line in a dict, is enough."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gensweep.cli.main import app
from gensweep.orchestrator.packs import in_order, largest_pack, packs
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.spec import parse_spec
from gensweep.trainables import models
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.models import MODELS, Architecture, counting
from gensweep.trainables.records import Ended, Epoch
from gensweep.trainables.registry import TRAINABLES

FILE = """
from torch import nn

class Own(nn.Sequential):
    def __init__(self, shape, classes, *, width, batch_norm=True):
        channels, height, sides = shape
        norm = [nn.BatchNorm2d(width)] if batch_norm else []
        super().__init__(
            nn.Conv2d(channels, width, 3, padding=1), *norm, nn.ReLU(), nn.Flatten(),
            nn.Linear(width * height * sides, classes),
        )
"""
LINE = Architecture("own:Own", {"width": 4}, batch_norm=True)
SWEEP = """
name = "mine"
[defaults]
dataset = "synthetic"
epochs = 1
[[grid]]
model = ["own", "mlp_1x512"]
batch_norm = [true, false]
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of models with one more file in it, and their dict with one more line."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.py").write_text(FILE)
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path / "models")])
    monkeypatch.setitem(MODELS, "own", LINE)


def test_its_trials_are_planned_ordered_packed_and_trained(own: None) -> None:
    trials = [planned.trial for planned in plan(parse_spec(SWEEP, "mine.toml"))]
    assert [trial.title for trial in trials] == [
        "own, true labels",
        "own (no BN), true labels",
        "mlp_1x512, true labels",
    ]
    # 8x8 places with 3 x 3x3 weights for each of 4 channels, and a read-out; so mlp_1x512 is first.
    macs = 8 * 8 * 3 * 9 * 4 + 8 * 8 * 4 * 10
    assert counting.count((3, 8, 8), 10)["own"] == macs
    assert trials[0].cost == 512 * macs
    assert in_order(trials) == [trials[2], *trials[:2]]
    captured = Resources(engine="captured")
    assert largest_pack(captured, trials[0]) == 4
    made = packs(in_order(trials), lambda trial: largest_pack(captured, trial), workers=1)
    assert sorted(len(pack) for pack in made) == [1, 1, 1]
    for trial in trials[:2]:
        context = Context(Path("no-such-folder"), device="cpu", threads=1)
        records = [record for _, record in TRAINABLES["classifier"].run([trial], context)]
        assert any(isinstance(record, Epoch) for record in records)
        assert records[-1] == Ended("done")


def test_the_command_plans_it(own: None, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SWEEP)
    asked = ["plan", str(tmp_path / "mine.toml"), "--results", str(tmp_path / "none")]
    result = CliRunner().invoke(app, [*asked, "--format", "csv"])
    assert result.exit_code == 0, result.output
    assert result.stdout.count(",own,true_labels,") == 2, result.stdout


def test_tables_know_its_place_and_its_batch_norm(own: None, without_trials: Any) -> None:
    found = without_trials.execute("from models where model = 'own'")
    assert found == [("own", len(MODELS), True, False)]
    labels = "select model_label('own', false), model_label('own', true), model_label('x', false)"
    assert without_trials.execute(labels) == [("own (no BN)", "own", "x")]


def test_what_it_cannot_do_is_said_as_of_any_other(own: None) -> None:
    with pytest.raises(Exception, match="own has no place for dropout"):
        ClassifierTrial(model="own", dropout=0.5)


def test_a_launch_that_has_no_torch_loaded_orders_it_all_the_same(tmp_path: Path) -> None:
    """Where it cannot be built, as here, it comes no later than the costliest model."""
    program = """
import sys
from gensweep.orchestrator.packs import in_order
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.models import MODELS, Architecture
MODELS["own"] = Architecture("no_such_file:Own")
trials = [ClassifierTrial(model=m, dataset="digits") for m in ("mlp_1x512", "own", "resnet18")]
assert [t.model for t in in_order(trials)] == ["own", "resnet18", "mlp_1x512"]
assert "torch" not in sys.modules
"""
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=env, check=True)
