"""What is measured of a trained network, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gensweep.trainables.classifier.data import Split
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.lane import Lane
from gensweep.trainables.classifier.engines.measures import margins, measures
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Measures, Record

Tiny = Callable[..., ClassifierTrial]
CPU = torch.device("cpu")


def never() -> bool:
    return False


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 5))


def vector(model: nn.Module) -> np.ndarray:
    parts = [p.detach().numpy().astype(np.float64).ravel() for p in model.parameters()]
    return np.concatenate(parts)


def test_norms_are_of_all_parameters_as_one_vector() -> None:
    model, initial = network(), network()
    found = measures(model, initial, torch.zeros(1))
    now, before = vector(model), vector(initial)
    assert found.weight_norm == pytest.approx(np.sqrt(np.sum(now**2)))
    assert found.initial_weight_norm == pytest.approx(np.sqrt(np.sum(before**2)))
    assert found.distance_from_initialization == pytest.approx(np.linalg.norm(now - before))


def test_the_spectral_norm_of_a_convolution_is_that_of_its_matrix() -> None:
    model = network()
    kernel, weight = model[0].weight, model[2].weight
    matrices = kernel.detach().numpy().reshape(3, 18), weight.detach().numpy()
    expected = sum(np.log(np.linalg.svd(matrix)[1].max()) for matrix in matrices)
    found = measures(model, model, torch.zeros(1))
    assert found.spectral_log_product == pytest.approx(expected, rel=1e-6)


def test_a_layer_of_zeros_makes_the_product_0() -> None:
    model = nn.Linear(3, 2)
    nn.init.zeros_(model.weight)
    assert measures(model, model, torch.zeros(1)).spectral_log_product == -inf


@given(st.data())
def test_a_margin_is_the_given_label_s_logit_less_the_largest_other(data: st.DataObject) -> None:
    n, classes = data.draw(st.integers(1, 40)), data.draw(st.integers(2, 6))
    numbers = st.integers(-9, 9)
    logits = data.draw(
        st.lists(st.lists(numbers, min_size=classes, max_size=classes), min_size=n, max_size=n)
    )
    labels = data.draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    split = Split(
        torch.tensor(logits, dtype=torch.float32), torch.tensor(labels), torch.tensor(labels)
    )
    found = margins(lambda inputs: inputs, split, never)
    expected = sorted(
        row[label] - max(row[:label] + row[label + 1 :])
        for row, label in zip(logits, labels, strict=True)
    )
    assert found is not None
    assert found.tolist() == expected


def test_the_margins_kept_are_the_least_the_10th_percentile_and_the_median() -> None:
    found = measures(nn.Linear(1, 1), nn.Linear(1, 1), torch.arange(101.0))
    assert (found.margin_min, found.margin_p10, found.margin_median) == (0.0, 10.0, 50.0)


def test_margins_ask_whether_to_stop() -> None:
    split = Split(torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64), torch.zeros(3))
    assert margins(lambda inputs: inputs, split, lambda: True) is None


@pytest.mark.parametrize("model", ["mlp_1x512", "alexnet", "inception"])
def test_before_training_a_trial_is_where_it_began(model: str, tiny: Tiny, data_dir: Path) -> None:
    found = Lane(tiny(model=model), data_dir, CPU).measure(never)
    assert found is not None
    assert found.distance_from_initialization == 0.0
    assert found.weight_norm == found.initial_weight_norm > 0.0


def test_a_margin_is_negative_just_where_an_example_is_wrong(
    tiny: Tiny, engine: Callable[..., EagerEngine]
) -> None:
    one = engine(tiny(randomization="random_labels"))
    list(one.train_epoch({0: 1}, never))
    evaluated, measured = one.evaluate(0, never), one.measure(0, never)
    assert evaluated is not None
    assert measured is not None
    assert evaluated[0].error > 0.5
    assert measured.margin_min <= measured.margin_p10 <= measured.margin_median < 0.0


@pytest.mark.parametrize("engine_name", ["eager", "captured"])
def test_a_trial_that_is_done_says_so_after_its_measures(
    engine_name: str, tiny: Tiny, train: Callable[..., list[Record]]
) -> None:
    *_, measured, ended = train(tiny(), engine=engine_name)
    assert isinstance(measured, Measures)
    assert measured.distance_from_initialization > 0.0
    assert ended == Ended("done")


def test_a_trial_that_diverges_is_not_measured(
    tiny: Tiny, train: Callable[..., list[Record]]
) -> None:
    records = train(tiny(lr=1e9))
    assert isinstance(records[-1], Ended)
    assert records[-1].status == "diverged"
    assert not [record for record in records if isinstance(record, Measures)]
