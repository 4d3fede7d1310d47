"""Trials of theorem 1: what they are, which sample they have, and what they record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gensweep.trainables.context import Context
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.device import device_name
from gensweep.trainables.errors import DataError, TrialError
from gensweep.trainables.expressivity.sample import draw_sample
from gensweep.trainables.expressivity.sgd import hidden_units
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.preprocessing import center_crop, to_unit_range, whiten
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.records import Ended, Measurement, Record, Started
from gensweep.trainables.registry import TRAINABLES, trial_from_config

NOWHERE = Path("no-such-folder")


def records(
    trial: ExpressivityTrial, should_stop: Callable[[], bool] = lambda: False
) -> list[Record]:
    context = Context(NOWHERE, device="cpu", should_stop=should_stop)
    found = list(TRAINABLES["expressivity"].run([trial], context))
    assert {trial_id for trial_id, _ in found} == {trial.trial_id}
    return [record for _, record in found]


def measured(found: list[Record]) -> dict[str, float]:
    """The last of each name."""
    return {r.name: r.value for r in found if isinstance(r, Measurement)}


def test_a_construction_records_how_well_it_fits_and_what_it_is() -> None:
    found = records(ExpressivityTrial(dataset="digits", n=200))
    assert found[0] == Started(device_name(torch.device("cpu")), 2 * 200 + 64)
    assert found[-1] == Ended("done")
    seen = measured(found)
    assert (seen["train_error"], seen["fits"], seen["equal_projections"]) == (0.0, 1.0, 0.0)
    assert 0.0 < seen["max_residual"] < 1e-6
    assert seen["smallest_gap"] > 0.0
    assert seen["condition"] > 1.0
    assert seen["seconds"] >= seen["construct_seconds"] > 0.0
    assert (seen["dimensions"], seen["width"], seen["draws"]) == (64, 200, 1)


def test_where_float32_cannot_fit_any_more_that_is_the_result_of_a_trial_that_is_done() -> None:
    settings = {"dataset": "digits", "n": 1437}
    single = records(ExpressivityTrial(**settings, precision="fp32"))
    double = records(ExpressivityTrial(**settings, precision="fp64"))
    assert single[-1] == double[-1] == Ended("done")
    assert measured(single)["fits"] == 0.0
    assert measured(single)["train_error"] > 0.0
    assert measured(single)["max_residual"] > 0.5
    assert measured(double)["fits"] == 1.0


@pytest.mark.parametrize(
    "settings",
    [
        {"output": "one_hot"},
        {"output": "one_hot", "depth": 7},
        {"depth": 300},
        {"dataset": "gaussian", "d": 1},
        {"dataset": "gaussian", "d": 50, "classes": 1000},
        {"randomization": "true_labels", "output": "one_hot"},
        {"dataset": "synthetic", "knot": 0.5},
        {"n": 1},
    ],
)
def test_every_kind_of_sample_and_network_fits(settings: dict[str, Any]) -> None:
    trial = ExpressivityTrial(**{"dataset": "digits", "n": 300, **settings})
    found = records(trial)
    seen = measured(found)
    assert (found[-1], seen["train_error"]) == (Ended("done"), 0.0)
    weights = trial.n * (1 + trial.outputs) + int(seen["dimensions"])
    assert found[0] == Started(device_name(torch.device("cpu")), weights)


@pytest.mark.parametrize(("output", "outputs"), [("real", 1), ("one_hot", 10)])
def test_sgd_trains_a_network_of_about_as_many_weights_and_records_every_epoch(
    output: str, outputs: int
) -> None:
    trial = ExpressivityTrial(
        dataset="digits", n=500, output=output, method="sgd", epochs=3, lr=0.001
    )
    found = records(trial)
    weights = 64 + 500 * (1 + outputs)
    (started,) = (r for r in found if isinstance(r, Started))
    assert abs(started.parameters - weights) <= (64 + 1 + outputs) / 2
    names = {"train_error", "fits", "train_loss", "seconds"}
    names |= {"max_residual"} if output == "real" else set()
    for name in names:
        assert [r.at for r in found if getattr(r, "name", "") == name] == [1, 2, 3]
    losses = [r.value for r in found if getattr(r, "name", "") == "train_loss"]
    assert losses[-1] < losses[0]
    assert found[-1] == Ended("done")


def test_sgd_fits_a_sample_that_is_small_enough() -> None:
    trial = ExpressivityTrial(
        dataset="gaussian",
        d=5,
        n=40,
        classes=2,
        output="one_hot",
        method="sgd",
        lr=0.1,
        epochs=1000,
    )
    seen = measured(records(trial))
    assert (seen["train_error"], seen["fits"]) == (0.0, 1.0)


def test_sgd_that_diverges_says_so() -> None:
    trial = ExpressivityTrial(dataset="digits", n=100, method="sgd", lr=1e6, epochs=50)
    ended = records(trial)[-1]
    assert isinstance(ended, Ended)
    assert ended.status == "diverged"


def test_equal_trials_record_equal_numbers() -> None:
    for method in ("construct", "sgd"):
        trial = ExpressivityTrial(dataset="digits", n=100, method=method, epochs=2, lr=0.001)
        one, two = (measured(records(trial)) for _ in range(2))
        timed = {"seconds", "construct_seconds"}
        assert {k: v for k, v in one.items() if k not in timed} == {
            k: v for k, v in two.items() if k not in timed
        }


@pytest.mark.parametrize("method", ["construct", "sgd"])
def test_a_trial_that_is_told_to_stop_is_interrupted(method: str) -> None:
    trial = ExpressivityTrial(dataset="digits", n=600, method=method, epochs=10**6, lr=1e-6)
    asked = iter([False, True])
    ended = records(trial, lambda: next(asked))[-1]
    assert isinstance(ended, Ended)
    assert (ended.status, ended.reason[:7]) == ("interrupted", "stopped")


def test_the_sample_is_nested_in_n_and_the_same_for_every_way_to_fit_it() -> None:
    small = draw_sample(ExpressivityTrial(dataset="digits", n=50, precision="fp32"), NOWHERE)
    large = draw_sample(ExpressivityTrial(dataset="digits", n=70, method="sgd"), NOWHERE)
    assert torch.equal(small.inputs, large.inputs[:50])
    assert torch.equal(small.labels, large.labels[:50])
    assert len(set(large.rows.tolist())) == 70
    other = draw_sample(ExpressivityTrial(dataset="digits", n=50, seed=1), NOWHERE)
    assert not torch.equal(small.rows, other.rows)


def test_images_and_labels_are_those_the_classifiers_see(synthetic: Dataset) -> None:
    trial = ExpressivityTrial(dataset="synthetic", n=100, seed=3)
    random, true = (
        draw_sample(t, NOWHERE)
        for t in (
            trial,
            ExpressivityTrial(dataset="synthetic", n=100, seed=3, randomization="true_labels"),
        )
    )
    rows = random.rows.numpy()
    images = torch.from_numpy(synthetic.train_images[rows].transpose(0, 3, 1, 2).copy())
    expected = whiten(to_unit_range(center_crop(images, DATASETS["synthetic"].view)))
    assert torch.equal(random.inputs, expected.flatten(1))
    assert np.array_equal(true.labels, synthetic.train_labels[rows])
    redrawn = corrupt_labels(synthetic.train_labels, 10, 1.0, 3)
    assert np.array_equal(random.labels, redrawn[rows])


def test_gaussian_points_are_standard_normals_with_uniform_labels() -> None:
    trial = ExpressivityTrial(dataset="gaussian", d=40, n=2000, classes=4)
    sample = draw_sample(trial, NOWHERE)
    assert sample.inputs.shape == (2000, 40)
    assert (sample.inputs.mean(), sample.inputs.var()) == pytest.approx((0.0, 1.0), abs=0.02)
    assert (np.bincount(sample.labels) > 400).all()
    assert sample.targets("one_hot", torch.float64).sum(dim=1).eq(1).all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"epochs": 7, "lr": 0.5, "batch_size": 3, "momentum": 0.0}, {}),
        ({"d": 12}, {}),
        (
            {"dataset": "gaussian", "d": 12, "randomization": "true_labels"},
            {"dataset": "gaussian", "d": 12},
        ),
        ({"method": "sgd", "depth": 4, "knot": 0.5}, {"method": "sgd"}),
        (
            {"randomization": "true_labels", "classes": 77},
            {"randomization": "true_labels", "classes": 3},
        ),
    ],
)
def test_what_has_no_effect_makes_no_other_trial(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert ExpressivityTrial(**one) == ExpressivityTrial(**other)
    assert ExpressivityTrial(**one).trial_id == ExpressivityTrial(**other).trial_id


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"dataset": "digits", "n": 1438}, "n"),
        ({"dataset": "gaussian"}, "d"),
        ({"n": 10, "depth": 11}, "depth"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], where: str) -> None:
    with pytest.raises(TrialError) as refused:
        ExpressivityTrial(**settings)
    assert refused.value.where == where
    assert refused.value.allowed


def test_a_trial_can_be_made_again_from_its_config() -> None:
    trial = ExpressivityTrial(dataset="gaussian", d=5, n=10, depth=2, precision="fp32", seed=4)
    assert trial_from_config("expressivity", trial.config()) == trial
    assert trial.trial_id == ExpressivityTrial(**trial.settings()).trial_id


def test_longer_trials_have_more_work() -> None:
    base = ExpressivityTrial(n=1000)
    for more in ({"n": 2000}, {"output": "one_hot"}, {"method": "sgd", "epochs": 1000}):
        assert ExpressivityTrial(**{"n": 1000, **more}).cost > base.cost  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "d", "outputs"), [(10_000, 2352, 1), (100, 64, 10), (1, 5, 1)])
def test_no_other_width_is_nearer_to_the_weights_of_the_theorem(
    n: int, d: int, outputs: int
) -> None:
    def away(hidden: int) -> int:
        return abs(hidden * (d + 1 + outputs) + outputs - (d + n * (1 + outputs)))

    found = hidden_units(n, d, outputs)
    assert found >= 1
    assert away(found) == min(away(h) for h in range(1, 2 * found + 2))


def test_a_sample_with_equal_points_and_different_labels_is_an_error_that_names_them() -> None:
    trial = ExpressivityTrial(dataset="gaussian", d=1, n=30_000, classes=1000)
    with pytest.raises(DataError, match="the same input has different labels") as refused:
        records(trial)
    before, after = (int(row) for row in refused.value.where.removeprefix("rows ").split(" and "))
    sample = draw_sample(trial, NOWHERE)
    assert torch.equal(sample.inputs[before], sample.inputs[after])
    assert sample.labels[before] != sample.labels[after]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
@pytest.mark.parametrize("depth", [1, 5])
def test_an_nvidia_gpu_fits_the_same_sample(depth: int) -> None:
    trial = ExpressivityTrial(dataset="digits", n=1437, depth=depth)
    context = Context(NOWHERE, device="cuda")
    found = [r for _, r in TRAINABLES["expressivity"].run([trial], context)]
    assert found[-1] == Ended("done")
    assert measured(found)["train_error"] == 0.0
