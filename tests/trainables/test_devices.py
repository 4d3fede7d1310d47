from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gensweep.trainables.classifier.data import load_trial_data
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.device import pick_device
from gensweep.trainables.errors import TrialError
from gensweep.trainables.randomizations import RANDOMIZATIONS

Tiny = Callable[..., ClassifierTrial]

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def never() -> bool:
    return False


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(TrialError, match=f"device: {name} is not available here; available: cpu$"):
        pick_device(name)


def test_a_device_nobody_knows_is_an_error() -> None:
    with pytest.raises(TrialError, match=r"abacus is not available here; available: .*cpu"):
        pick_device("abacus")


@pytest.mark.parametrize(
    ("cuda", "mps", "picked"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_is_the_fastest_device_there(
    cuda: bool, mps: bool, picked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device("auto") == torch.device(picked)
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.cuda
@needs_cuda
@pytest.mark.parametrize("model", ["mlp_3x512", "alexnet", "inception"])
def test_cuda_trains_close_to_the_cpu(model: str, tiny: Tiny, data_dir: Path) -> None:
    trial = tiny(model=model, randomization="partial_labels", corruption=0.5, log_every=1)
    cpu, cuda = (EagerEngine([trial], data_dir, device) for device in (CPU, CUDA))
    epochs = [engine.train_epoch({0: 1}, never) for engine in (cpu, cuda)]
    for on_cpu, on_cuda in zip(*epochs, strict=True):
        assert on_cuda.train_loss == pytest.approx(on_cpu.train_loss, rel=2e-3)
    for on_cpu_split, on_cuda_split in zip(
        cpu.evaluate(0, never), cuda.evaluate(0, never), strict=True
    ):
        assert on_cuda_split.loss == pytest.approx(on_cpu_split.loss, rel=1e-2)


@pytest.mark.cuda
@needs_cuda
@pytest.mark.parametrize("randomization", tuple(RANDOMIZATIONS))
def test_cuda_gets_the_randomization_of_the_cpu(
    randomization: str, tiny: Tiny, data_dir: Path
) -> None:
    trial = tiny(randomization=randomization, corruption=0.5)
    on_cpu, on_cuda = (load_trial_data(trial, data_dir, device) for device in (CPU, CUDA))
    assert on_cuda.train.inputs.device.type == "cuda"
    for one, other in ((on_cpu.train, on_cuda.train), (on_cpu.test, on_cuda.test)):
        assert torch.equal(one.labels, other.labels.cpu())
        torch.testing.assert_close(one.inputs, other.inputs.cpu(), rtol=0, atol=1e-5)
