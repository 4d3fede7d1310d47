from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gensweep.trainables.classifier import data
from gensweep.trainables.classifier.data import TrialData, load_trial_data
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import load
from gensweep.trainables.datasets.arrays import Dataset
from gensweep.trainables.randomizations import RANDOMIZATIONS

CPU = torch.device("cpu")
NAMES = tuple(RANDOMIZATIONS)
NOWHERE = Path("no-such-folder")

Tiny = Callable[..., ClassifierTrial]


def loaded(trial: ClassifierTrial) -> TrialData:
    return load_trial_data(trial, NOWHERE, CPU)


def tensors(found: TrialData) -> list[Tensor]:
    splits = (found.train, found.test)
    return [t for s in splits for t in (s.inputs, s.labels, s.truth)] + [
        found.train.changed if found.train.changed is not None else torch.tensor(())
    ]


def same(one: TrialData, other: TrialData) -> bool:
    return all(map(torch.equal, tensors(one), tensors(other)))


def whitened(images: np.ndarray) -> np.ndarray:
    """TensorFlow's per_image_whitening of (N, H, W, C) in the unit range, as (N, C, H, W)."""
    out = [
        (image - image.mean()) / max(image.std(), 1 / np.sqrt(image.size))
        for image in images.astype(np.float64)
    ]
    return np.stack(out).transpose(0, 3, 1, 2)


@settings(max_examples=20)
@given(st.sampled_from(NAMES), st.floats(0, 1), st.integers(0, 10**6), st.booleans())
def test_test_labels_are_never_corrupted(name: str, p: float, seed: int, crop: bool) -> None:
    trial = ClassifierTrial(
        model="alexnet",
        dataset="synthetic",
        randomization=name,  # type: ignore[arg-type]
        corruption=p,
        seed=seed,
        crop=crop,
    )
    published = load("synthetic", NOWHERE)
    test = loaded(trial).test
    assert np.array_equal(test.labels, published.test_labels)
    assert np.array_equal(test.truth, published.test_labels)
    assert test.changed is None


@pytest.mark.parametrize("name", NAMES)
def test_every_model_gets_the_same_data(name: str, tiny: Tiny) -> None:
    models = ("inception", "mlp_3x512")
    one, other = (tiny(model=m, randomization=name, corruption=0.5, seed=3) for m in models)
    first = loaded(one)
    data._images.cache_clear()
    assert same(first, loaded(other))


@pytest.mark.parametrize("name", NAMES)
def test_a_randomization_is_drawn_once_and_stays_through_training(
    name: str, tiny: Tiny, engine: Callable[..., EagerEngine]
) -> None:
    running = engine(tiny(randomization=name, corruption=0.5))
    before = [tensor.clone() for tensor in tensors(running._lanes[0].data)]
    for epoch in (1, 2):
        list(running.train_epoch({0: epoch}, lambda: False))
        running.evaluate(0, lambda: False)
    assert all(map(torch.equal, before, tensors(running._lanes[0].data)))
    data._images.cache_clear()
    torch.manual_seed(1)
    assert all(map(torch.equal, before, tensors(loaded(running._lanes[0].trial))))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_seen_is_the_whitened_randomization_of_the_centre(
    name: str, tiny: Tiny, synthetic: Dataset
) -> None:
    train, test = synthetic.train_images[:, 2:10, 2:10], synthetic.test_images[:, 2:10, 2:10]
    if rule := RANDOMIZATIONS[name].images:
        train, test = rule(train, test, 4)
    found = loaded(tiny(randomization=name, seed=4))
    for inputs, images in ((found.train.inputs, train), (found.test.inputs, test)):
        scale = 1.0 if name == "gaussian" else 255.0
        np.testing.assert_allclose(inputs, whitened(images / scale), rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_where_crops_are_taken_the_full_image_is_randomized(
    name: str, tiny: Tiny, synthetic: Dataset
) -> None:
    train, test = synthetic.train_images, synthetic.test_images
    if rule := RANDOMIZATIONS[name].images:
        train, test = rule(train, test, 4)
    found = loaded(tiny(randomization=name, seed=4, crop=True))
    assert np.array_equal(found.train.inputs, train.transpose(0, 3, 1, 2))
    assert np.array_equal(found.test.inputs, test.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("regularizer", [{"crop": True}, {"flip": True}, {"rotation": 25}])
def test_evaluation_sees_the_whitened_centre_however_training_augments(
    regularizer: dict[str, float], tiny: Tiny
) -> None:
    plain, augmented = loaded(tiny()), loaded(tiny(**regularizer))
    seen = augmented.as_seen(augmented.test.inputs)
    torch.testing.assert_close(seen, plain.as_seen(plain.test.inputs), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dataset", ["synthetic", "digits"])
@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_divided_by_255_once_so_that_whitening_never_hits_its_floor(
    name: str, dataset: str, tiny: Tiny
) -> None:
    inputs = loaded(tiny(dataset=dataset, randomization=name)).train.inputs.flatten(1)
    torch.testing.assert_close(inputs.mean(1), torch.zeros(len(inputs)), rtol=0, atol=1e-5)
    torch.testing.assert_close(inputs.std(1, correction=0), torch.ones(len(inputs)))


def test_changed_marks_the_labels_that_differ_from_the_truth(
    tiny: Tiny, synthetic: Dataset
) -> None:
    train = loaded(tiny(randomization="partial_labels", corruption=0.5)).train
    assert np.array_equal(train.truth, synthetic.train_labels)
    assert torch.equal(train.changed, train.labels != train.truth)
    assert 0.35 < train.changed.float().mean() < 0.55


@pytest.mark.parametrize("name", ["true_labels", "shuffled_pixels", "random_pixels", "gaussian"])
def test_only_label_randomizations_change_labels(name: str, tiny: Tiny, synthetic: Dataset) -> None:
    train = loaded(tiny(randomization=name)).train
    assert train.changed is None
    assert np.array_equal(train.labels, synthetic.train_labels)


def test_trials_that_differ_in_labels_alone_share_their_images(tiny: Tiny) -> None:
    one, other = loaded(tiny(seed=1)), loaded(tiny(randomization="random_labels", seed=2))
    assert one.train.inputs.data_ptr() == other.train.inputs.data_ptr()
