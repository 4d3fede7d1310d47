"""CONTRIBUTING's recipe for a trainable: a folder with a trial and a run, and a line in a dict."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gensweep import trainables
from gensweep.cli.main import app
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import read_spec
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance, sweep_rows
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.context import Context
from gensweep.trainables.registry import TRAINABLES, Trainable

TRIAL = '''
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge

from gensweep.trainables.fields import About, Decides
from gensweep.trainables.trial import Trial


@dataclass(frozen=True, kw_only=True)
class CoinTrial(Trial):
    """How many of `tosses` fair coins show heads."""

    trainable: ClassVar[str] = "coins"

    tosses: Annotated[int, Ge(1)] = 100
    seed: Annotated[int, Ge(0), About(decides=Decides.SEED)] = 0
'''
RUN = """
import torch

from gensweep.trainables.device import device_name
from gensweep.trainables.records import Measurement, Started
from gensweep.trainables.runner import one_by_one


def run(trials, context):
    return one_by_one(trials, context, _toss)


def _toss(trial, context, device):
    yield Started(device_name(device), 0)
    stream = torch.Generator().manual_seed(trial.seed)
    yield Measurement("heads", float(torch.rand(trial.tosses, generator=stream).lt(0.5).sum()))
"""
SWEEP = """
name = "coins"
seeds = [0, 1]
[[grid]]
trainable = "coins"
tosses = [10, 20]
"""


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of trainables with one more folder in it, and their dict with one more line."""
    folder = tmp_path / "more" / "coins"
    folder.mkdir(parents=True)
    (folder / "trial.py").write_text(TRIAL)
    (folder / "run.py").write_text(RUN)
    monkeypatch.setattr(trainables, "__path__", [*trainables.__path__, str(folder.parent)])
    from gensweep.trainables.coins.trial import CoinTrial  # type: ignore[import-not-found]

    line = Trainable(CoinTrial, "gensweep.trainables.coins.run:run")
    monkeypatch.setitem(TRAINABLES, "coins", line)
    path = tmp_path / "coins.toml"
    path.write_text(SWEEP)
    yield path
    for name in [name for name in sys.modules if name.startswith("gensweep.trainables.coins")]:
        del sys.modules[name]


def gensweep(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_its_trials_are_planned_by_its_fields(sweep: Path, tmp_path: Path) -> None:
    rows = gensweep("plan", str(sweep), "--results", str(tmp_path / "none"), "--format", "csv")
    assert rows.count("tosses 10") == rows.count("tosses 20") == 2, rows


def test_its_trials_run_and_what_they_measured_can_be_asked(sweep: Path, tmp_path: Path) -> None:
    store = Store.create(tmp_path / "results")
    planned = [planned.trial for planned in plan(read_spec(sweep))]
    publish_table(
        store.root, store.sweep_file("coins"), sweep_rows("coins", [(t, ()) for t in planned])
    )
    for trial in planned:
        writer = TrialWriter(store, trial, Provenance("a-host", "", "{}"))
        context = Context(tmp_path, device="cpu", threads=1)
        for _, record in TRAINABLES["coins"].run([trial], context):
            writer.add(record)
    results = ("--results", str(store.root))
    sql = "select seed, value from measurements where name = 'heads' order by all"
    heads = gensweep("query", sql, "--format", "csv", *results)
    assert len(heads.splitlines()) == 5
    assert all(0 <= float(line.split(",")[1]) <= 20 for line in heads.splitlines()[1:])
    settings = gensweep("query", "select distinct setting_id from trials", *results)
    assert len(settings.splitlines()) == 1 + 2, "a heading, and one for each number of tosses"
    assert ",4," in gensweep("status", "--format", "csv", *results)
