from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.models import MODELS, models_for


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_partially_corrupted_labels_at_0_are_the_true_labels(zero: float) -> None:
    partial = ClassifierTrial(model="alexnet", randomization="partial_labels", corruption=zero)
    true = ClassifierTrial(model="alexnet", randomization="true_labels")
    assert partial == true
    assert hash(partial) == hash(true)
    assert partial.trial_id == true.trial_id
    assert partial.randomization == "true_labels"


@pytest.mark.parametrize("one", [1, 1.0])
def test_partially_corrupted_labels_at_1_are_random_labels(one: float) -> None:
    partial = ClassifierTrial(model="alexnet", randomization="partial_labels", corruption=one)
    random = ClassifierTrial(model="alexnet", randomization="random_labels")
    assert partial == random
    assert hash(partial) == hash(random)
    assert partial.trial_id == random.trial_id
    assert random.corruption == 1.0


@pytest.mark.parametrize(
    "randomization", ["true_labels", "shuffled_pixels", "random_pixels", "gaussian"]
)
def test_only_partial_labels_have_a_corruption_to_choose(randomization: str) -> None:
    asked = ClassifierTrial(model="alexnet", randomization=randomization, corruption=0.4)
    plain = ClassifierTrial(model="alexnet", randomization=randomization)
    assert asked == plain
    assert asked.corruption == 0.0


@pytest.mark.parametrize(
    "name", ["lr", "lr_decay", "momentum", "weight_decay", "dropout", "rotation"]
)
def test_an_int_setting_is_the_float_it_equals(name: str) -> None:
    value = {"lr": 2, "lr_decay": 1, "rotation": 25, "weight_decay": 1}.get(name, 0)
    by_int = ClassifierTrial(model="alexnet", **{name: value})
    by_float = ClassifierTrial(model="alexnet", **{name: float(value)})
    assert by_int == by_float
    assert by_int.trial_id == by_float.trial_id
    assert isinstance(getattr(by_int, name), float)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"beta2": 0.5, "epsilon": 1.0}, {}),
        ({"lr_decay": 1.0, "lr_decay_epochs": 7}, {"lr_decay": 1.0}),
        ({"optimizer": "adamw"}, {"optimizer": "adam"}),
    ],
    ids=["SGD has neither beta2 nor epsilon", "no decay has no period", "AdamW without decay"],
)
def test_settings_without_an_effect_make_the_same_trial(
    first: dict[str, object], second: dict[str, object]
) -> None:
    one, other = (ClassifierTrial(model="alexnet", **settings) for settings in (first, second))  # type: ignore[arg-type]
    assert one == other
    assert one.trial_id == other.trial_id


def test_the_learning_rate_decays_every_few_epochs_and_grows_at_first() -> None:
    trial = ClassifierTrial(
        model="alexnet", lr=8.0, lr_decay=0.5, lr_decay_epochs=2, warmup_epochs=4
    )
    assert [trial.lr_in(epoch) for epoch in range(1, 8)] == [2.0, 4.0, 3.0, 4.0, 2.0, 2.0, 1.0]


@pytest.mark.parametrize("model", [name for name in models_for(28) if MODELS[name].batch_norm])
def test_batch_norm_matters_to_a_model_that_has_it(model: str) -> None:
    with_it = ClassifierTrial(model=model, batch_norm=True)
    without = ClassifierTrial(model=model, batch_norm=False)
    assert with_it != without
    assert with_it.trial_id != without.trial_id


def test_patience_matters_only_where_training_stops_at_a_fit() -> None:
    def with_patience(patience: int, stop: str) -> ClassifierTrial:
        return ClassifierTrial(model="alexnet", stop=stop, patience=patience)  # type: ignore[arg-type]

    assert with_patience(5, "epochs") == with_patience(1, "epochs")
    assert with_patience(5, "epochs").trial_id == with_patience(1, "epochs").trial_id
    assert with_patience(5, "fit").trial_id != with_patience(1, "fit").trial_id


def test_dropout_without_a_place_for_it_is_an_error_that_names_the_models_with_one() -> None:
    with pytest.raises(TrialError, match="resnet18 has no place for dropout") as caught:
        ClassifierTrial(model="resnet18", dropout=0.5)
    assert caught.value.where == "dropout"
    assert all(name in caught.value.allowed for name, m in MODELS.items() if m.dropout)
    assert "resnet18" not in caught.value.allowed


def test_an_auxiliary_weight_without_a_head_is_an_error_that_names_the_models_with_one() -> None:
    with pytest.raises(TrialError, match="resnet18 has no auxiliary head") as caught:
        ClassifierTrial(model="resnet18", aux_weight=0.4)
    assert caught.value.where == "aux_weight"
    heads = ", ".join(name for name, m in MODELS.items() if m.auxiliary)
    assert caught.value.allowed == f"models that have one: {heads}"
    assert ClassifierTrial(model="resnet18", aux_weight=0) == ClassifierTrial(model="resnet18")


def test_images_that_are_too_small_are_an_error_that_names_the_models_that_fit() -> None:
    with pytest.raises(TrialError) as caught:
        ClassifierTrial(model="inception_v3", dataset="cifar10")
    assert caught.value.where == "model"
    assert caught.value.what == (
        "inception_v3 needs images of at least 75x75 pixels, and those of cifar10 have 28x28"
    )
    assert caught.value.allowed == "models that fit: " + ", ".join(models_for(28))
    assert "inception_v3" not in caught.value.allowed


@pytest.mark.parametrize("view", [74, 75])
def test_images_of_just_the_size_that_a_model_needs_are_large_enough(
    view: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = replace(DATASETS["cifar10"], size=view, view=view)
    monkeypatch.setitem(DATASETS, "cifar10", source)
    refused = pytest.raises(TrialError, match="at least 75x75")
    with nullcontext() if view == MODELS["inception_v3"].smallest else refused:
        ClassifierTrial(model="inception_v3", aux_weight=0.4)


@pytest.mark.parametrize("dataset", ["mnist", "digits"])
def test_a_crop_without_a_margin_is_an_error_that_names_the_datasets_with_one(dataset: str) -> None:
    with pytest.raises(TrialError, match=f"{dataset} images have no margin") as caught:
        ClassifierTrial(model="alexnet", dataset=dataset, crop=True)
    assert caught.value.where == "crop"
    assert "cifar10" in caught.value.allowed
    assert dataset not in caught.value.allowed


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({}, "none"),
        ({"crop": True}, "crop"),
        ({"weight_decay": 5e-4}, "wd"),
        ({"crop": True, "weight_decay": 5e-4}, "crop+wd"),
        ({"flip": True, "rotation": 25}, "flip+rotation"),
        ({"dropout": 0.5}, "dropout"),
        (
            {"dropout": 0.5, "weight_decay": 1e-5, "rotation": 1, "flip": True, "crop": True},
            "crop+flip+rotation+wd+dropout",
        ),
    ],
)
def test_the_regularizer_is_named_by_what_is_on(settings: dict[str, float], label: str) -> None:
    assert ClassifierTrial(model="alexnet", **settings).regularizer == label


def test_no_explicit_regularizer_is_on_unless_asked_for() -> None:
    trial = ClassifierTrial(model="inception")
    assert (trial.weight_decay, trial.dropout, trial.rotation) == (0.0, 0.0, 0.0)
    assert not trial.crop
    assert not trial.flip


def test_the_learning_rate_decays_after_every_epoch_counted_from_1() -> None:
    trial = ClassifierTrial(model="inception", lr=0.1, lr_decay=0.95)
    expected = 0.1
    for epoch in range(1, 100):
        assert trial.lr_in(epoch) == pytest.approx(expected, rel=1e-12)
        expected *= 0.95


def test_networks_see_the_28x28_centre_of_cifar10() -> None:
    assert ClassifierTrial(model="inception").input_size == 28
