"""Tiny trials on the synthetic dataset, and the plain ways to run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from trainables.classifier import run
from trainables.datasets import load
from trainables.datasets.arrays import Dataset
from trainables.engines.eager import EagerEngine
from trainables.records import Record
from trainables.registry import Context
from trainables.trial import ClassifierTrial

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


@pytest.fixture(scope="session")
def engine(data_dir: Path) -> Callable[..., EagerEngine]:
    def make(*trials: ClassifierTrial) -> EagerEngine:
        return EagerEngine(trials, data_dir, torch.device("cpu"))

    return make


@pytest.fixture(scope="session")
def train(data_dir: Path) -> Callable[..., list[Record]]:
    """Run one trial on the CPU as a worker would; its records in order."""

    def records(
        trial: ClassifierTrial, should_stop: Callable[[], bool] = lambda: False
    ) -> list[Record]:
        context = Context(data_dir, device="cpu", should_stop=should_stop)
        return [record for _, record in run([trial], context)]

    return records
