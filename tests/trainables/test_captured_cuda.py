"""What only an NVIDIA GPU can show: graphs that are replayed are the steps that were recorded."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gensweep.trainables.classifier.checkpoint import deserialize
from gensweep.trainables.classifier.engines.captured import CapturedEngine
from gensweep.trainables.classifier.engines.programs import PROGRAMS
from gensweep.trainables.classifier.run import ENGINES, run
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.records import Checkpoint, Epoch, Record, Steps

Tiny = Callable[..., ClassifierTrial]
CUDA = torch.device("cuda")
CASES: dict[str, dict[str, Any]] = {
    "mlp": {"model": "mlp_1x512"},
    "regularized mlp": {"model": "mlp_3x512", "dropout": 0.3, "crop": True, "flip": True},
    "rotated": {"model": "alexnet", "rotation": 25, "dropout": 0.3, "weight_decay": 1e-3},
    "inception": {"model": "inception", "batch_size": 128},
    "tf32": {"model": "alexnet", "precision": "tf32"},
    "bf16": {"model": "alexnet", "precision": "bf16"},
}

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU"),
]


@pytest.fixture(autouse=True)
def nothing_waits() -> Iterator[None]:
    PROGRAMS.clear()
    yield
    PROGRAMS.clear()


def never() -> bool:
    return False


def losses(records: list[tuple[str, Record]]) -> list[tuple[str, float]]:
    return [(i, r.train_loss) for i, r in records if isinstance(r, Steps | Epoch)]


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_captured_steps_are_those_of_the_plain_engine(
    case: dict[str, Any], lanes: int, tiny: Tiny, data_dir: Path
) -> None:
    trials = [
        tiny(**{"log_every": 1, "epochs": 2, "seed": seed, "lr": 0.01 / (1 + seed), **case})
        for seed in range(lanes)
    ]
    found, expected = (
        losses(list(fit(trials, ENGINES[name](trials, data_dir, CUDA), never)))
        for name in ("captured", "eager")
    )
    rounded = trials[0].precision != "fp32" or trials[0].model == "inception"
    assert [i for i, _ in found] == [i for i, _ in expected]
    assert [loss for _, loss in found] == pytest.approx(
        [loss for _, loss in expected], rel=5e-2 if rounded else 1e-3
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_later_trial_that_replays_the_graph_is_one_that_recorded_it(
    case: dict[str, Any], tiny: Tiny, data_dir: Path
) -> None:
    first = tiny(**{"seed": 1, "lr": 0.3, "randomization": "random_labels", **case})
    second = tiny(**{"seed": 2, **case})
    context = Context(data_dir, device="cuda", engine="captured")
    expected = losses(list(run([second], context)))
    PROGRAMS.clear()
    list(run([first], context))
    assert losses(list(run([second], context))) == pytest.approx(expected, rel=1e-3)


def test_a_trial_goes_on_from_a_checkpoint_in_the_middle_of_an_epoch(
    tiny: Tiny, data_dir: Path
) -> None:
    trial = tiny(model="mlp_3x512", dropout=0.3, crop=True)
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    first = list(fit([trial], CapturedEngine([trial], data_dir, CUDA), soon))
    (content,) = (record.content for _, record in first if isinstance(record, Checkpoint))
    checkpoints = CheckpointPolicy(lambda trial: deserialize(content, trial))
    continued = fit([trial], CapturedEngine([trial], data_dir, CUDA), never, checkpoints)
    expected = fit([trial], CapturedEngine([trial], data_dir, CUDA), never)
    assert [loss for _, loss in losses(list(continued))] == pytest.approx(
        [loss for _, loss in losses(list(expected))], rel=1e-3
    )


@pytest.mark.parametrize("engine", ["eager", "captured"])
def test_memory_returns_to_where_it_was_between_trials(
    engine: str, tiny: Tiny, data_dir: Path
) -> None:
    def used_after(seed: int) -> int:
        trial = tiny(model="alexnet", seed=seed)
        list(run([trial], Context(data_dir, device="cuda", engine=engine)))
        gc.collect()
        return torch.cuda.memory_allocated()

    used_after(0)
    assert used_after(2) == used_after(1)
