from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import pytest
import torch
from torch import nn

from gensweep.trainables.classifier import data as trial_data
from gensweep.trainables.classifier.data import Split
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.evaluation import evaluate, summarize
from gensweep.trainables.classifier.engines.protocol import Evaluation
from gensweep.trainables.classifier.trial import ClassifierTrial

Tiny = Callable[..., ClassifierTrial]
MakeEngine = Callable[..., EagerEngine]


def never() -> bool:
    return False


def evaluated(model: nn.Module, inputs: torch.Tensor, split: Split) -> Evaluation:
    """One example after the other, in double precision."""
    losses, wrong, wrong_clean, memorized, recovered, missed = [], [], [], [], [], []
    model = model.eval().double()
    for x, label, truth in zip(
        inputs.double(), split.labels.tolist(), split.truth.tolist(), strict=True
    ):
        logits = model(x[None])[0].tolist()
        predicted = logits.index(max(logits))
        losses.append(log(sum(exp(z - max(logits)) for z in logits)) + max(logits) - logits[label])
        wrong.append(predicted != label)
        missed.append(sum(z > logits[label] for z in logits) >= 5)
        if label == truth:
            wrong_clean.append(predicted != label)
        else:
            memorized.append(predicted == label)
            recovered.append(predicted == truth)

    def mean(values: list[bool]) -> float | None:
        return sum(values) / len(values) if values else None

    return Evaluation(
        sum(losses) / len(losses),
        sum(wrong) / len(wrong),
        mean(wrong_clean),
        mean(memorized),
        mean(recovered),
        mean(missed),
        ~torch.tensor(wrong),
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"randomization": "partial_labels", "corruption": 0.5},
        {"randomization": "random_labels"},
        {"randomization": "gaussian"},
        {"model": "alexnet", "randomization": "partial_labels", "corruption": 0.3},
        {"randomization": "partial_labels", "corruption": 0.5, "crop": True, "dropout": 0.5},
    ],
    ids=str,
)
def test_evaluation_is_a_plain_pass_over_both_splits(
    settings: dict[str, object], tiny: Tiny, engine: MakeEngine
) -> None:
    running = engine(tiny(lr=0.02, **settings))
    list(running.train_epoch({0: 1}, never))
    found = running.evaluate(0, never)
    lane = running._lanes[0]
    for measured, split in zip(found, (lane.data.train, lane.data.test), strict=True):
        expected = evaluated(lane.model, lane.data.as_seen(split.inputs), split)
        assert measured.loss == pytest.approx(expected.loss, rel=1e-4)
        # a tie in double precision may fall otherwise in single
        for name in ("error", "clean_error", "memorized", "recovered", "top5_error"):
            value = getattr(expected, name)
            expected_value = value if value is None else pytest.approx(value, abs=0.005)
            assert getattr(measured, name) == expected_value


def split(labels: list[int], truth: list[int]) -> Split:
    given, true = torch.tensor(labels), torch.tensor(truth)
    changed = given != true
    return Split(torch.empty(0), given, true, changed if changed.any() else None)


@pytest.mark.parametrize(
    ("predictions", "labels", "truth", "expected"),
    [
        # four corrupted: memorized, recovered, neither, memorized; two clean: right, wrong
        ([1, 0, 5, 3, 4, 0], [1, 1, 1, 3, 4, 5], [0, 0, 0, 9, 4, 5], (3 / 6, 1 / 2, 2 / 4, 1 / 4)),
        ([1, 2], [1, 2], [1, 2], (0.0, 0.0, None, None)),
        ([1, 0], [1, 2], [1, 2], (0.5, 0.5, None, None)),
        ([1, 0], [1, 2], [0, 0], (0.5, None, 0.5, 0.5)),
    ],
)
def test_examples_are_counted_as_corrupted_or_clean_memorized_or_recovered(
    predictions: list[int],
    labels: list[int],
    truth: list[int],
    expected: tuple[float | None, float | None, float | None, float | None],
) -> None:
    found = summarize(torch.tensor(0.25), torch.tensor(predictions), None, split(labels, truth))
    right = [a == b for a, b in zip(predictions, labels, strict=True)]
    assert found == Evaluation(0.25, *expected, None, torch.tensor(right))
    assert found.right.tolist() == right


@pytest.mark.parametrize("classes", [2, 5, 6, 9])
def test_the_top_5_error_is_about_five_of_more_than_five_classes(classes: int) -> None:
    labels = torch.arange(classes).repeat(3)
    data = Split(torch.empty(len(labels), 0), labels, labels)
    # Every logit is larger than the next, so the labels from the sixth on are missed.
    found = evaluate(lambda inputs: -torch.arange(classes).expand(len(inputs), -1) / 2, data, never)
    assert found
    assert found.error == pytest.approx(1 - 1 / classes)
    assert found.top5_error == (None if classes <= 5 else pytest.approx(1 - 5 / classes))


def test_a_pass_does_not_depend_on_how_many_are_seen_at_a_time(
    tiny: Tiny, engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = engine(tiny(randomization="random_labels"))
    at_once = running.evaluate(0, never)
    monkeypatch.setitem(trial_data.BATCH, "cpu", 100)
    in_parts = running.evaluate(0, never)
    for one, other in zip(at_once, in_parts, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-5)
        assert (one.error, one.memorized) == (other.error, other.memorized)


@pytest.mark.parametrize("model", ["mlp_1x512", "inception"])
def test_evaluation_changes_nothing_that_training_sees(
    model: str, tiny: Tiny, engine: MakeEngine
) -> None:
    looked_at, left_alone = (engine(tiny(model=model, dropout=0.3, flip=True)) for _ in range(2))
    looked_at.evaluate(0, never)
    looked_at.evaluate(0, never)
    one, other = (list(running.train_epoch({0: 1}, never)) for running in (looked_at, left_alone))
    assert one == other
