"""Trials of capacity: what they are, and what they report."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gensweep.trainables.capacity import stability
from gensweep.trainables.capacity.sample import halves, signs, training_order, training_sample
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.classifier.data import load_trial_data
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import load
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.errors import DataError, TrialError
from gensweep.trainables.models import models_for
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.records import Ended, Measurement, Record, Started
from gensweep.trainables.registry import TRAINABLES, trial_from_config

Measured = Callable[..., list[Record]]


def trial(**settings: Any) -> CapacityTrial:
    """Of a second's length at most."""
    given = {"dataset": "synthetic", "n": 40, "epochs": 3, "batch_size": 20, "lr": 0.05}
    return CapacityTrial(**{**given, **settings})


@pytest.fixture
def run(data_dir: Path) -> Measured:
    def records(one: CapacityTrial, **context: Any) -> list[Record]:
        on = Context(data_dir, device="cpu", **context)
        found = list(TRAINABLES["capacity"].run([one], on))
        assert {trial_id for trial_id, _ in found} == {one.trial_id}
        return [record for _, record in found]

    return records


def values(records: list[Record], name: str) -> dict[float | None, float]:
    return {r.at: r.value for r in records if isinstance(r, Measurement) and r.name == name}


# What a trial is


def test_settings_that_have_no_effect_make_no_other_trial() -> None:
    assert trial(replacements=3) == trial(replacements=4)
    assert trial(batch_norm=False) == trial()
    assert trial(model="inception", batch_norm=False) != trial(model="inception")
    counted = trial(measure="vc")
    assert trial(measure="vc", labels="true", seed=3, lr=1.0, epochs=9) == counted
    assert trial(measure="vc", n=41) != counted
    replaced = trial(measure="stability")
    for name, other in (("replacements", 4), ("labels", "true"), ("seed", 1), ("epochs", 4)):
        assert replace(replaced, **{name: other}) != replaced


@pytest.mark.parametrize(
    ("settings", "at_fault"),
    [
        ({"n": 513}, "n"),
        ({"n": 508, "measure": "stability"}, "n"),
        ({"n": 4, "measure": "stability"}, "replacements"),
    ],
)
def test_a_sample_larger_than_the_data_is_refused(settings: Any, at_fault: str) -> None:
    with pytest.raises(TrialError) as refused:
        trial(**settings)
    assert refused.value.where == at_fault
    assert trial(n=512).n == 512
    assert trial(n=507, measure="stability").n == 507


def test_a_network_that_needs_larger_images_is_refused() -> None:
    with pytest.raises(TrialError, match="inception_v3 needs images of at least 75x75") as refused:
        trial(model="inception_v3", measure="vc")
    assert refused.value.where == "model"
    assert refused.value.allowed == "models that fit: " + ", ".join(models_for(8))


def test_a_trial_is_built_again_from_its_settings() -> None:
    one = trial(measure="stability", model="alexnet", labels="true", replacements=2)
    assert trial_from_config("capacity", one.config()) == one


@pytest.mark.parametrize("model", models_for(8))
def test_long_trials_come_first(model: str) -> None:
    one = trial(model=model)
    assert trial(model=model, measure="vc").cost < one.cost
    assert one.cost < trial(model=model, n=41).cost
    assert one.cost < trial(model=model, measure="stability").cost


# What it measures on


def test_a_smaller_sample_is_part_of_a_larger_one_and_the_same_for_every_seed(
    synthetic: Dataset, data_dir: Path
) -> None:
    def take(n: int) -> Any:
        return training_sample(
            "synthetic", np.arange(n), synthetic.train_labels, data_dir, torch.device("cpu")
        )

    small, large = take(10), take(50)
    assert torch.equal(small.inputs, large.inputs[:10])
    assert torch.equal(small.labels, large.labels[:10])
    assert sorted(training_order("synthetic")) == list(range(512))


def test_signs_are_fair_and_look_at_no_label(synthetic: Dataset) -> None:
    labels = synthetic.train_labels
    assert np.array_equal(signs(labels, 1), signs(labels[::-1], 1))
    assert not np.array_equal(signs(labels, 1), signs(labels, 2))
    drawn = np.concatenate([signs(labels, seed) for seed in range(40)])
    assert abs(drawn.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(drawn))  # four standard deviations


def test_the_true_labels_of_two_outputs_are_the_halves_of_the_classes() -> None:
    assert halves(np.arange(10), 10).tolist() == [0] * 5 + [1] * 5
    assert halves(np.arange(3), 3).tolist() == [0, 0, 1]


@pytest.mark.parametrize("labels", ["true", "random"])
def test_stability_replaces_examples_by_others_and_leaves_the_test_images_alone(
    labels: Any,
    run: Measured,
    synthetic: Dataset,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def keep(*arguments: Any) -> list[Measurement]:
        seen.extend(arguments)
        return []

    monkeypatch.setattr(stability, "changes", keep)
    run(trial(measure="stability", labels=labels, replacements=7, seed=5))
    _, sample, places, others, test = seen
    assert len(set(places.tolist())) == 7
    assert 0 <= places.min() <= places.max() < len(sample) == 40
    distances = torch.cdist(others.inputs.flatten(1), sample.inputs.flatten(1))
    assert distances.min() > 1e-3
    assert (
        torch.cdist(others.inputs.flatten(1), others.inputs.flatten(1)).fill_diagonal_(1).min() > 0
    )
    given = synthetic.train_labels
    if labels == "random":
        given = corrupt_labels(given, 10, 1.0, 5)
    assert sample.labels.tolist() == given[training_order("synthetic")[:40]].tolist()
    assert test.labels.tolist() == synthetic.test_labels.tolist()


# What it reports


def test_the_correlation_is_that_of_the_best_epoch_and_training_ends_at_the_fit(
    run: Measured,
) -> None:
    records = run(trial(epochs=60))
    errors = values(records, "train_error")
    assert records[0] == Started(records[0].device, 103_946 - 8 * 513)  # type: ignore[union-attr]
    assert records[-1] == Ended("done")
    assert list(errors) == list(range(1, len(errors) + 1))
    assert errors.pop(len(errors)) == 0.0
    assert all(error > 0 for error in errors.values())
    assert values(records, "correlation") == {None: 1.0}
    assert values(records, "epochs") == {None: len(errors) + 1}


def test_a_network_that_does_not_fit_reaches_what_its_best_epoch_did(run: Measured) -> None:
    records = run(trial(n=500, epochs=4, lr=0.3, lr_decay=1.0))
    errors = values(records, "train_error")
    assert values(records, "epochs") == {None: 4}
    assert min(errors.values()) < errors[4]  # or the test says nothing
    assert values(records, "correlation") == {None: 1 - 2 * min(errors.values())}


def test_true_labels_are_predicted_on_test_images_and_random_ones_are_not(run: Measured) -> None:
    found = {
        labels: values(run(trial(n=500, epochs=20, labels=labels)), "test_error")[None]
        for labels in ("true", "random")
    }
    assert found["true"] < 0.2
    assert found["random"] > 0.3


def test_replacing_nothing_changes_nothing_and_replacing_one_example_does(run: Measured) -> None:
    records = run(trial(measure="stability", replacements=2))
    for where in ("train", "test"):
        for how in ("max", "mean"):
            for kind in ("loss", "error"):
                found = values(records, f"{where}_{kind}_change_{how}")
                assert list(found) == [0, 1, 2]
                assert found[0] == 0.0
                assert (min(found[1], found[2]) > 0.0) or kind == "error"
    assert list(values(records, "left_out_loss")) == [1, 2]
    assert records[-1] == Ended("done")


def test_counting_needs_no_data(run: Measured) -> None:
    records = run(CapacityTrial(measure="vc", n=50_000))
    assert records[0] == Started(records[0].device, 1_209_866)  # type: ignore[union-attr]
    assert values(records, "parameters") == {None: 1_209_866}
    assert values(records, "weights") == {None: 2352 * 512 + 512 + 512 + 1}
    assert values(records, "vc_bound")[None] > 50_000
    assert not values(run(CapacityTrial(measure="vc", model="alexnet")), "vc_bound")


@pytest.mark.parametrize("model", ["mlp_1x512", "alexnet"])
@pytest.mark.parametrize("measure", ["rademacher", "stability"])
def test_the_same_trial_measures_the_same(run: Measured, measure: Any, model: str) -> None:
    one = trial(measure=measure, model=model, replacements=1, epochs=2)
    assert run(one) == run(one)
    assert run(one) != run(replace(one, seed=1))


@pytest.mark.parametrize("measure", ["rademacher", "stability"])
def test_a_trial_that_is_stopped_says_so_and_reports_no_result(run: Measured, measure: Any) -> None:
    asked = []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) == 4

    records = run(trial(measure=measure), should_stop=should_stop)
    assert records[-1] == Ended("interrupted", "stopped in epoch 2")
    assert not values(records, "correlation")
    assert not values(records, "test_error")


@pytest.mark.parametrize("measure", ["rademacher", "stability"])
def test_a_loss_that_is_not_finite_ends_a_trial(run: Measured, measure: Any) -> None:
    records = run(trial(measure=measure, lr=1e30))
    assert isinstance(records[-1], Ended)
    assert records[-1].status == "diverged"
    assert not values(records, "correlation")


def test_networks_with_and_without_batch_norm_are_measured(run: Measured) -> None:
    for batch_norm in (True, False):
        one = trial(model="inception", batch_norm=batch_norm, n=20, epochs=1)
        assert -1 <= values(run(one), "correlation")[None] <= 1


def test_a_dataset_that_is_missing_is_named(run: Measured) -> None:
    with pytest.raises(DataError, match="mnist"):
        run(trial(dataset="mnist"))


def test_the_synthetic_data_are_those_of_the_classifier(data_dir: Path, synthetic: Dataset) -> None:
    """The images pass through the same crop and whitening."""
    device = torch.device("cpu")
    theirs = load_trial_data(
        ClassifierTrial(model="mlp_1x512", dataset="synthetic"), data_dir, device
    )
    labels = load("synthetic", data_dir).train_labels
    ours = training_sample("synthetic", np.arange(512), labels, data_dir, device)
    order = torch.from_numpy(training_order("synthetic"))
    assert torch.equal(ours.inputs, theirs.train.inputs[order])
    assert torch.equal(ours.labels, theirs.train.labels[order])


@pytest.mark.parametrize("field", fields(CapacityTrial), ids=lambda field: field.name)
def test_every_setting_is_documented_with_its_default(field: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "questions" / "capacity.md").read_text()
    default = str(field.default).lower()
    assert re.search(rf"^\| `{field.name}` \| `?{re.escape(default)}`? \|", page, re.MULTILINE)
