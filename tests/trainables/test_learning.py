"""The order of learning: after which epoch each training example was right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.learning import Learning
from gensweep.trainables.classifier.run import ENGINES
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Examples, Measures, Record

Tiny = Callable[..., ClassifierTrial]
Train = Callable[..., list[Record]]

CPU = torch.device("cpu")
NOISY = {"randomization": "partial_labels", "corruption": 0.5, "epochs": 6, "batch_size": 64}


def first(right: list[bool]) -> int:
    return right.index(True) + 1 if any(right) else 0


def for_good(right: list[bool]) -> int:
    """The epoch after the last one that was wrong."""
    wrong = [epoch for epoch, now in enumerate(right, start=1) if not now]
    since = max(wrong, default=0) + 1
    return since if since <= len(right) else 0


def forgotten(right: list[bool]) -> int:
    return sum(before and not now for before, now in pairwise(right))


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=8)
    )
)
def test_every_example_is_followed_by_itself(epochs: list[list[bool]]) -> None:
    learning = Learning(len(epochs[0]), CPU)
    for epoch, right in enumerate(epochs, start=1):
        learning.take(epoch, torch.tensor(right))
    found = learning.examples(None)
    histories = [list(history) for history in zip(*epochs, strict=True)]
    assert found.first_learned.tolist() == [first(h) for h in histories]
    assert found.learned_for_good.tolist() == [for_good(h) for h in histories]
    assert found.forgotten.tolist() == [forgotten(h) for h in histories]
    assert not found.changed.any()


def of(records: list[Record], kind: type[Any]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def same(one: Examples, other: Examples) -> bool:
    return all(
        np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )


def test_examples_are_followed_only_where_that_is_asked_for(tiny: Tiny, train: Train) -> None:
    assert not of(train(tiny(**NOISY)), Examples)
    *_, measured, examples, ended = train(tiny(**NOISY), follow_examples=True)
    assert [type(r) for r in (measured, examples, ended)] == [Measures, Examples, Ended]


def test_what_is_learned_adds_up_to_the_errors_of_the_epochs(tiny: Tiny, train: Train) -> None:
    records = train(tiny(**NOISY), follow_examples=True)
    (examples,) = of(records, Examples)
    epochs = of(records, Epoch)
    wrong_at_first = examples.first_learned != 1
    assert wrong_at_first.mean() == epochs[0].train_error
    wrong_at_last = examples.learned_for_good == 0
    assert wrong_at_last.mean() == pytest.approx(epochs[-1].train_error)
    assert 1 - wrong_at_last[examples.changed].mean() == pytest.approx(
        epochs[-1].memorized_fraction
    )
    assert 0.3 < examples.changed.mean() < 0.6


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("asked", [1, 10, 25, 40])
def test_an_interruption_changes_nothing_of_it(
    engine: str, asked: int, tiny: Tiny, train: Train
) -> None:
    trial = tiny(**NOISY)
    (whole,) = of(train(trial, follow_examples=True), Examples)
    calls = iter(range(10**9))
    begun = train(trial, lambda: next(calls) >= asked, follow_examples=True, engine=engine)
    assert begun[-1].status == "interrupted"  # type: ignore[union-attr]
    saved = of(begun, Checkpoint)[-1].content
    again = train(trial, saved=lambda _: saved, follow_examples=True, engine=engine)
    (found,) = of(again, Examples)
    assert same(found, whole)


def test_a_trial_stopped_in_its_last_measurement_ends_when_it_continues(
    tiny: Tiny, train: Train
) -> None:
    trial = tiny(epochs=1)
    calls = iter(range(10**9))
    asked = [0]

    def count() -> bool:
        asked[0] = next(calls)
        return False

    whole = train(trial, count, follow_examples=True)
    last = asked[0]  # in the last batch of the margins
    calls = iter(range(10**9))
    begun = train(trial, lambda: next(calls) >= last, follow_examples=True)
    assert not of(begun, Measures)
    assert begun[-1].status == "interrupted"  # type: ignore[union-attr]
    saved = of(begun, Checkpoint)[-1].content
    again = train(trial, saved=lambda _: saved, follow_examples=True)
    assert of(again, Measures) == of(whole, Measures)
    assert same(of(again, Examples)[0], of(whole, Examples)[0])
    assert again[-1] == Ended("done")


def test_what_was_not_followed_from_the_start_is_not_told(
    tiny: Tiny, train: Train, data_dir: Path
) -> None:
    trial = tiny(**NOISY)
    calls = iter(range(10**9))
    begun = train(trial, lambda: next(calls) >= 30)
    saved = of(begun, Checkpoint)[-1].content
    again = train(trial, saved=lambda _: saved, follow_examples=True)
    assert again[-1] == Ended("done")
    assert not of(again, Examples)
