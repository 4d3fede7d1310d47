from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Epoch, Record

Tiny = Callable[..., ClassifierTrial]
Train = Callable[..., list[Record]]


def last_epoch(records: list[Record]) -> Epoch:
    return [record for record in records if isinstance(record, Epoch)][-1]


@pytest.mark.parametrize("model", ["mlp_3x512", "alexnet"])
def test_bf16_trains_close_to_fp32_but_is_not_it(model: str, tiny: Tiny, train: Train) -> None:
    settings = {"model": model, "epochs": 1, "lr": 0.02}
    full = last_epoch(train(tiny(**settings)))
    half = last_epoch(train(tiny(**settings, precision="bf16")))
    assert half.train_loss == pytest.approx(full.train_loss, rel=0.05)
    assert half.train_loss != full.train_loss


def test_bf16_keeps_weights_and_momentum_in_float32(
    tiny: Tiny, engine: Callable[..., EagerEngine]
) -> None:
    running = engine(tiny(precision="bf16"))
    list(running.train_epoch({0: 1}, lambda: False))
    state = running.state(0)
    momentum = [buffer["momentum_buffer"] for buffer in state["momentum"].values()]
    assert len(momentum) == 4
    assert {t.dtype for t in [*state["model"].values(), *momentum]} == {torch.float32}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_float32_is_not_rounded_to_tf32_unless_asked(
    precision: str, tiny: Tiny, train: Train
) -> None:
    def allowed() -> set[str]:
        return {
            torch.backends.cuda.matmul.fp32_precision,
            torch.backends.cudnn.conv.fp32_precision,
        }

    train(tiny(epochs=1, precision="tf32"))
    assert allowed() == {"tf32"}
    train(tiny(epochs=1, precision=precision))
    assert allowed() == {"ieee"}
