"""Tiny trials on the synthetic dataset, the plain ways to run them, and an engine that acts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

from gensweep.trainables.classifier import training
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.protocol import Evaluation, Should, Window
from gensweep.trainables.classifier.run import run
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import DATASETS, Source, load
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.records import Examples, Measures, Record

settings.register_profile("trainables", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("trainables")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def same_random_tensors() -> None:
    """For what a test draws itself; the package draws nothing from the process-wide generator."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """A folder that is not there: what is made on the spot never looks into it."""
    return Path("no-such-folder")


@pytest.fixture(scope="session")
def synthetic(data_dir: Path) -> Dataset:
    return load("synthetic", data_dir)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., ClassifierTrial]:
    """A trial of two epochs with 5 full batches and one of 12 each, logged every 2 steps."""

    def make(**settings: object) -> ClassifierTrial:
        defaults = {
            "model": "mlp_1x512",
            "dataset": "synthetic",
            "epochs": 2,
            "batch_size": 100,
            "log_every": 2,
        }
        return ClassifierTrial(**{**defaults, **settings})  # type: ignore[arg-type]

    return make


LARGE = Source("large", "noise", classes=7, channels=3, size=80, view=75, train=24, test=8)


def noise(data_dir: Path) -> Dataset:
    count, shape = LARGE.train + LARGE.test, (LARGE.size, LARGE.size, LARGE.channels)
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(count, *shape), dtype=np.uint8)
    labels, n = np.arange(count) % LARGE.classes, LARGE.train
    return Dataset("large", LARGE.classes, images[:n], labels[:n], images[n:], labels[n:])


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ClassifierTrial]:
    """A trial of two epochs of 3 steps of Inception V3 with its auxiliary head, on the smallest
    images that it takes.
    """
    module = f"gensweep.trainables.datasets.{LARGE.module}"
    monkeypatch.setitem(sys.modules, module, SimpleNamespace(load=noise))  # type: ignore[arg-type]
    monkeypatch.setitem(DATASETS, "large", LARGE)

    def make(**settings: Any) -> ClassifierTrial:
        defaults = {"dataset": "large", "epochs": 2, "batch_size": 8, "log_every": 2}
        head = {"model": "inception_v3", "aux_weight": 0.4}
        return ClassifierTrial(**{**defaults, **head, **settings})

    return make


@pytest.fixture(scope="session")
def engine(data_dir: Path) -> Callable[..., EagerEngine]:
    def make(*trials: ClassifierTrial) -> EagerEngine:
        return EagerEngine(trials, data_dir, torch.device("cpu"))

    return make


@pytest.fixture(scope="session")
def train(data_dir: Path) -> Callable[..., list[Record]]:
    """Run one trial on the CPU as a worker would; its records in order."""

    def records(
        trial: ClassifierTrial, should_stop: Callable[[], bool] = lambda: False, **context: Any
    ) -> list[Record]:
        on = Context(data_dir, device="cpu", should_stop=should_stop, **context)
        return [record for _, record in run([trial], on)]

    return records


@pytest.fixture(scope="module")
def clock() -> Iterator[SimpleNamespace]:
    """The clock of the training loop, which stands still unless a test sets its `now`."""
    clock = SimpleNamespace(now=1000.0)
    clock.monotonic = lambda: clock.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "time", clock)
        yield clock


MEASURES = Measures(3.0, 1.0, 2.0, 0.5, -1.0, 0.0, 1.0)


@dataclass
class Script:
    """What one lane would do: training errors by epoch (the last one stays), losses by window."""

    errors: Sequence[float] = (0.5,)
    losses: Sequence[float] = (1.0, 1.0)
    evaluated_loss: float = 1.0


@dataclass
class Scripted:
    """An engine whose every figure is written down beforehand, with 10 steps to a window.

    An evaluation asks once whether to stop.
    """

    scripts: Sequence[Script]
    device: str = "paper"
    parameters: int = 7
    trained: list[dict[int, int]] = field(default_factory=list)
    evaluated: list[int] = field(default_factory=list)
    windows: int = 0
    positions: dict[int, tuple[int, int]] = field(default_factory=dict)

    def train_epoch(self, epochs: Mapping[int, int], should_stop: Should) -> Iterator[Window]:
        self.trained.append(dict(epochs))
        windows = list(zip(*(self.scripts[lane].losses for lane in epochs), strict=True))
        (begun,) = {self.steps(lane, epoch) for lane, epoch in epochs.items()}
        for step in range(begun + 1, 10 * len(windows) + 1):
            self.positions |= {lane: (epoch, step) for lane, epoch in epochs.items()}
            if step % 10 == 0:
                self.windows += 1
                yield Window(step, windows[step // 10 - 1])
            if should_stop():
                return

    def evaluate(self, lane: int, should_stop: Should) -> tuple[Evaluation, Evaluation] | None:
        if should_stop():
            return None
        self.evaluated.append(lane)
        script, epoch = self.scripts[lane], self.positions[lane][0]
        error = script.errors[min(epoch, len(script.errors)) - 1]
        right = torch.zeros(0, dtype=torch.bool)
        train = Evaluation(script.evaluated_loss, error, 0.1, 0.7, 0.2, None, right)
        return train, Evaluation(2.0, 0.9, 0.9, None, None, None, right)

    def measure(self, lane: int, should_stop: Should) -> Measures | None:
        return None if should_stop() else MEASURES

    def examples(self, lane: int) -> Examples | None:
        return None

    def steps(self, lane: int, epoch: int) -> int:
        begun, steps = self.positions.get(lane, (0, 0))
        return steps if begun == epoch else 0

    def state(self, lane: int) -> dict[str, Any]:
        return {"position": self.positions.get(lane, (0, 0))}

    def restore(self, lane: int, state: Mapping[str, Any]) -> None:
        epoch, steps = state["position"]
        self.positions[lane] = (epoch, steps)


@pytest.fixture(scope="session")
def scripted() -> Callable[..., Scripted]:
    """An engine with one lane for each script, given by what is not as usual in it."""

    def make(*scripts: dict[str, Any]) -> Scripted:
        return Scripted([Script(**script) for script in scripts])

    return make
