"""Whatever it computes, a trial meets one policy for its device, its threads and its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gensweep.trainables import runner
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.errors import DeviceMemoryError, TrialError
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.min_norm.trial import MinNormTrial
from gensweep.trainables.records import Ended, Measurement, Record
from gensweep.trainables.registry import TRAINABLES
from gensweep.trainables.runner import DivergedError, StoppedError, one_by_one
from gensweep.trainables.trial import Trial

NOWHERE = Path("no-such-folder")
DOUBLE = [
    ExpressivityTrial(dataset="digits", n=20),
    MinNormTrial(dataset="digits"),
    KernelTrial(dataset="digits", n=20),
    KernelTrial(dataset="digits", n=20, precision="fp32"),
]
SINGLE = [
    ClassifierTrial(model="mlp_1x512", dataset="synthetic"),
    ExpressivityTrial(dataset="digits", n=20, precision="fp32"),
    MinNormTrial(dataset="digits", precision="fp32"),
]


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose only accelerator is Apple's."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


def devices(trial: Trial, device: str) -> list[str]:
    """Where a trial would be run."""
    found = []

    def measure(trial: Trial, context: Context, device: torch.device) -> Iterator[Record]:
        found.append(device.type)
        yield from ()

    list(one_by_one([trial], Context(NOWHERE, device=device), measure))
    return found


@pytest.mark.parametrize("trial", DOUBLE, ids=lambda t: f"{t.trainable}-{t.precision}")
def test_apples_gpu_is_passed_over_where_float64_is_needed_and_refused_where_it_was_asked_for(
    trial: Trial, apple: None
) -> None:
    assert devices(trial, "auto") == ["cpu"]
    with pytest.raises(TrialError, match="device: mps has no float64; cpu, cuda"):
        list(TRAINABLES[trial.trainable].run([trial], Context(NOWHERE, device="mps")))


@pytest.mark.parametrize("trial", SINGLE, ids=lambda t: t.trainable)
def test_apples_gpu_runs_what_needs_no_float64(trial: Trial, apple: None) -> None:
    assert devices(trial, "auto") == devices(trial, "mps") == ["mps"]


@pytest.mark.parametrize(
    ("raised", "ended"),
    [
        (None, Ended("done")),
        (StoppedError("stopped in epoch 2"), Ended("interrupted", "stopped in epoch 2")),
        (DivergedError("the loss is nan"), Ended("diverged", "the loss is nan")),
    ],
)
def test_every_trial_ends_once_whatever_ended_the_one_before(
    raised: Exception | None, ended: Ended
) -> None:
    def measure(trial: Trial, context: Context, device: torch.device) -> Iterator[Record]:
        yield Measurement("seen", 1.0)
        if raised:
            raise raised

    trials = SINGLE[:2]
    found = list(one_by_one(trials, Context(NOWHERE, device="cpu"), measure))
    assert found == [(t.trial_id, r) for t in trials for r in (Measurement("seen", 1.0), ended)]


def test_tf32_of_the_trial_before_is_off_again() -> None:
    def measure(trial: Trial, context: Context, device: torch.device) -> Iterator[Record]:
        seen.append(torch.backends.cuda.matmul.fp32_precision)
        torch.backends.cuda.matmul.fp32_precision = "tf32"
        yield from ()

    seen: list[str] = []
    before = torch.backends.cuda.matmul.fp32_precision
    try:
        list(one_by_one(SINGLE, Context(NOWHERE, device="cpu"), measure))
    finally:
        torch.backends.cuda.matmul.fp32_precision = before
    assert seen == ["ieee"] * len(SINGLE)


def test_threads_are_those_of_the_context_and_a_cpu_keeps_its_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[object] = []
    monkeypatch.setattr(torch, "set_num_threads", called.append)
    monkeypatch.setattr(runner, "keep_freed_memory", lambda: called.append("kept"))
    for threads in (0, 3):
        list(one_by_one(SINGLE[:1], Context(NOWHERE, "cpu", threads), lambda *_: iter(())))
    assert called == ["kept", 3, "kept"]


def test_an_accelerator_without_room_for_one_trial_is_one_line_that_says_what_to_do() -> None:
    def measure(trial: Trial, context: Context, device: torch.device) -> Iterator[Record]:
        raise torch.OutOfMemoryError("CUDA out of memory.\nA page of advice")
        yield

    with pytest.raises(DeviceMemoryError) as error:
        list(one_by_one(SINGLE, Context(NOWHERE, device="cpu"), measure))
    said = "device cpu: CUDA out of memory.; trials on it: 1; make the trial smaller"
    assert str(error.value) == said
    assert error.value.__context__ is None
