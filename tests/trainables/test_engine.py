from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial

Tiny = Callable[..., ClassifierTrial]
MakeEngine = Callable[..., EagerEngine]


def never() -> bool:
    return False


TRIALS = {
    "plain": {},
    "regularized": {
        "crop": True,
        "flip": True,
        "rotation": 25,
        "dropout": 0.3,
        "weight_decay": 1e-3,
    },
    "batch norm": {"model": "inception", "batch_size": 200},
}


def tensors(state: Any) -> Iterator[Tensor]:
    """Every tensor and number of a nested state, in order."""
    if isinstance(state, dict):
        state = [state[key] for key in sorted(state, key=str)]
    if isinstance(state, list | tuple):
        for part in state:
            yield from tensors(part)
    elif state is not None and not isinstance(state, str):
        yield torch.as_tensor(state)


def equal(one: Any, other: Any) -> bool:
    pairs = list(zip(tensors(one), tensors(other), strict=True))
    assert len(pairs) >= 4
    return all(torch.equal(a, b) for a, b in pairs)


def trained(engine: EagerEngine, *epochs: int) -> list[tuple[int, tuple[float, ...]]]:
    lanes = list(range(len(engine._lanes)))
    return [
        (window.steps, tuple(window.train_loss))
        for epoch in epochs
        for window in engine.train_epoch(dict.fromkeys(lanes, epoch), never)
    ]


def test_a_window_is_the_mean_of_its_steps(tiny: Tiny, engine: MakeEngine) -> None:
    each = [losses[0] for _, losses in trained(engine(tiny(log_every=1)), 1)]
    windows = trained(engine(tiny(log_every=4)), 1)
    assert [steps for steps, _ in windows] == [4, 6]
    assert windows[0][1][0] == pytest.approx(np.mean(each[:4]), rel=1e-5)
    assert windows[1][1][0] == pytest.approx(np.mean(each[4:]), rel=1e-5)


@pytest.mark.parametrize("settings", TRIALS.values(), ids=TRIALS)
def test_a_trial_run_twice_is_the_same_to_the_last_bit(
    settings: dict[str, Any], tiny: Tiny, engine: MakeEngine
) -> None:
    states, losses = [], []
    for process_wide_seed in (1, 2):
        torch.manual_seed(process_wide_seed)
        running = engine(tiny(**settings))
        losses.append(trained(running, 1))
        states.append(running.state(0))
    assert losses[0] == losses[1]
    assert equal(*states)


@pytest.mark.parametrize("settings", TRIALS.values(), ids=TRIALS)
def test_a_trial_continued_from_its_saved_state_is_the_same_to_the_last_bit(
    settings: dict[str, Any], tiny: Tiny, engine: MakeEngine
) -> None:
    trial, saved = tiny(**settings), io.BytesIO()
    uninterrupted = engine(trial)
    trained(uninterrupted, 1)
    torch.save(uninterrupted.state(0), saved)
    continued = engine(trial)
    saved.seek(0)
    continued.restore(0, torch.load(saved))
    assert continued.evaluate(0, never) == uninterrupted.evaluate(0, never)
    assert trained(continued, 2) == trained(uninterrupted, 2)
    assert equal(continued.state(0), uninterrupted.state(0))


def test_a_state_holds_the_momentum_too(tiny: Tiny, engine: MakeEngine) -> None:
    running = engine(tiny())
    trained(running, 1)
    state = deepcopy(running.state(0))
    expected = trained(running, 2)
    forgetful = engine(tiny())
    forgetful._lanes[0].model.load_state_dict(state["model"])
    assert trained(forgetful, 2) != expected
    running.restore(0, state)
    assert trained(running, 2) == expected


def test_two_lanes_together_are_the_two_trials_alone(tiny: Tiny, engine: MakeEngine) -> None:
    trials = [
        tiny(seed=1, dropout=0.4, flip=True, lr=0.02),
        tiny(seed=2, dropout=0.2, crop=True, randomization="random_labels"),
    ]
    together = engine(*trials)
    windows = trained(together, 1, 2)
    for lane, trial in enumerate(trials):
        alone = engine(trial)
        expected = [(steps, loss) for steps, (loss,) in trained(alone, 1, 2)]
        assert [(steps, losses[lane]) for steps, losses in windows] == expected
        assert equal(together.state(lane), alone.state(0))
        assert together.evaluate(lane, never) == alone.evaluate(0, never)


def test_a_lane_that_is_not_named_does_not_train(tiny: Tiny, engine: MakeEngine) -> None:
    running = engine(tiny(seed=1), tiny(seed=2), tiny(seed=3))
    before = deepcopy([running.state(lane)["model"] for lane in range(3)])
    windows = list(running.train_epoch({0: 1, 2: 1}, never))
    assert all(len(window.train_loss) == 2 for window in windows)
    changed = [not equal(before[lane], running.state(lane)["model"]) for lane in range(3)]
    assert changed == [True, False, True]


@pytest.mark.parametrize("batch_norm", [True, False])
def test_a_trial_has_batch_norm_unless_it_was_taken_out(
    batch_norm: bool, tiny: Tiny, engine: MakeEngine
) -> None:
    model = engine(tiny(model="inception", batch_norm=batch_norm))._lanes[0].model
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules()) is batch_norm


def test_the_engine_knows_its_device_and_its_parameters(tiny: Tiny, engine: MakeEngine) -> None:
    running = engine(tiny(), tiny(seed=1))
    assert running.device.startswith("cpu")
    assert running.parameters == 192 * 512 + 512 + 512 * 10 + 10
