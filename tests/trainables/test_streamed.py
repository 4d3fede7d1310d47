"""Training on images that are decoded as they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gensweep.trainables.classifier.checkpoint import deserialize
from gensweep.trainables.classifier.data import load_trial_data
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.run import run
from gensweep.trainables.classifier.streaming.distortion import Distortion
from gensweep.trainables.classifier.streaming.loader import Loader
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import BUILT_IN, DATASETS, register
from gensweep.trainables.datasets.encoded import open_encoded
from gensweep.trainables.datasets.image_folder import ImageFolder
from gensweep.trainables.datasets.packing import pack
from gensweep.trainables.errors import TrialError
from gensweep.trainables.labels import label
from gensweep.trainables.randomizations import corrupt_labels
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Examples, Record, Steps
from gensweep.trainables.seeds import generator

CPU = torch.device("cpu")
TRAIN, TEST, CLASSES, VIEW = 42, 18, 6, 16
DISTORTED = {"crop": True, "flip": True, "color": True, "rotation": 20.0}
Make = Callable[..., ClassifierTrial]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a prepared dataset, `pictures`."""
    folder = tmp_path_factory.mktemp("streamed")
    rng = np.random.default_rng(0)
    for split, count in (("train", TRAIN), ("test", TEST)):
        for n in range(count):
            kind = folder / "raw" / split / f"kind {n % CLASSES}"
            kind.mkdir(parents=True, exist_ok=True)
            size = rng.integers(12, 40, size=2)
            image = Image.fromarray(rng.integers(256, size=(*size, 3), dtype=np.uint8))
            image.save(kind / f"{n:03}.jpg", quality=90)
    images = ImageFolder(folder / "raw")
    register({"pictures": images.source(VIEW)})
    pack(images.pictures("pictures", VIEW), folder, lambda words: None)
    yield folder
    for name in DATASETS.keys() - BUILT_IN:
        del DATASETS[name]


@pytest.fixture
def trial(data: Path) -> Make:
    def make(**settings: Any) -> ClassifierTrial:
        common = {"dataset": "pictures", "model": "mlp_1x512", "epochs": 2, "batch_size": 10}
        return ClassifierTrial(**{**common, "log_every": 3, **settings})

    return make


def seen(engine: EagerEngine, epoch: int) -> list[Tensor]:
    """The network's inputs of an epoch, in the order of the steps."""
    lane = engine._lanes[0]
    inputs: list[Tensor] = []
    hook = lane.model.register_forward_pre_hook(lambda _, given: inputs.append(given[0].clone()))
    list(engine.train_epoch({0: epoch}, lambda: False))
    hook.remove()
    return inputs


@pytest.mark.parametrize("settings", [{}, {"flip": True}, DISTORTED], ids=str)
def test_a_batch_is_what_the_loader_makes_of_the_places_in_the_epoch_s_order(
    settings: dict[str, Any], data: Path, trial: Make
) -> None:
    engine = EagerEngine([trial(seed=7, **settings)], data, CPU)
    images = open_encoded("pictures", data).train
    loader = Loader(images, VIEW, 2, CPU)
    for epoch in (1, 2):
        order = generator(7, "order", epoch).permutation(TRAIN)
        distortion = Distortion(7, epoch, **settings) if settings else None
        batches = np.split(order, range(10, TRAIN, 10))
        expected = list(loader.batches(batches, distortion))
        found = seen(engine, epoch)
        assert [len(batch) for batch in found] == [10, 10, 10, 10, 2]
        assert all(map(torch.equal, found, expected))
    loader.close()
    engine.close()


def test_labels_are_randomized_by_the_same_rule_in_the_dataset_s_order(
    data: Path, trial: Make
) -> None:
    randomized = trial(randomization="partial_labels", corruption=0.5, seed=3)
    found = load_trial_data(randomized, data, CPU)
    truth = np.repeat(np.arange(CLASSES), TRAIN // CLASSES)
    given = corrupt_labels(truth, CLASSES, 0.5, 3)
    assert found.train.truth.tolist() == truth.tolist()
    assert found.train.labels.tolist() == given.tolist()
    assert found.train.changed is not None
    assert found.train.changed.tolist() == (given != truth).tolist()
    assert found.test.labels is found.test.truth
    assert found.shape == (3, VIEW, VIEW)
    found.train.close()
    found.test.close()


@pytest.mark.parametrize("randomization", ["true_labels", "random_labels"])
def test_evaluation_is_a_plain_pass_over_both_splits(
    randomization: str, data: Path, trial: Make
) -> None:
    engine = EagerEngine([trial(randomization=randomization, **DISTORTED)], data, CPU)
    list(engine.train_epoch({0: 1}, lambda: False))
    evaluations = engine.evaluate(0, lambda: False)
    assert evaluations
    lane, dataset = engine._lanes[0], open_encoded("pictures", data)
    for found, images, split in zip(
        evaluations, (dataset.train, dataset.test), (lane.data.train, lane.data.test), strict=True
    ):
        loader = Loader(images, VIEW, 1, CPU)
        one_by_one = [np.array([i]) for i in range(len(images))]
        with torch.no_grad():
            logits = torch.cat([lane.model(x) for x in loader.batches(one_by_one)])
        loader.close()
        wrong = logits.argmax(dim=1) != split.labels
        assert found.error == pytest.approx(wrong.double().mean().item())
        loss = torch.nn.functional.cross_entropy(logits, split.labels).item()
        assert found.loss == pytest.approx(loss, rel=1e-5)
    engine.close()


def records(trial: ClassifierTrial, data: Path, **settings: Any) -> list[Record]:
    return [record for _, record in run([trial], Context(data, device="cpu", **settings))]


def comparable(found: list[Record]) -> list[dict[str, Any]]:
    kept = [asdict(record) for record in found if isinstance(record, Epoch | Steps)]
    return [{name: v for name, v in record.items() if name != "seconds"} for record in kept]


@pytest.mark.parametrize("stop_after", [0, 3, 4, 6, 9, 13])
def test_an_interrupted_trial_ends_with_the_same_weights(
    stop_after: int, data: Path, trial: Make
) -> None:
    trial_ = trial(model="resnet18", lr=0.05, **DISTORTED)
    whole = EagerEngine([trial_], data, CPU)
    expected = [record for _, record in fit([trial_], whole, lambda: False)]
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > stop_after

    first = EagerEngine([trial_], data, CPU)
    (content,) = [r.content for _, r in fit([trial_], first, stop) if isinstance(r, Checkpoint)]
    first.close()
    second = EagerEngine([trial_], data, CPU)
    policy = CheckpointPolicy(lambda _: deserialize(content, trial_), inf)
    resumed = [record for _, record in fit([trial_], second, lambda: False, policy)]
    assert comparable(resumed) == comparable(expected)
    ours, theirs = (e._lanes[0].model.state_dict() for e in (second, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    whole.close()
    second.close()


def test_threads_end_with_the_trial_however_it_ends(data: Path, trial: Make) -> None:
    before = set(threading.enumerate())
    assert isinstance(records(trial(), data)[-1], Ended)
    records(trial(), data, should_stop=lambda: True)
    diverged = records(trial(lr=1e30, momentum=0.0), data)[-1]
    assert isinstance(diverged, Ended)
    assert diverged.status == "diverged"
    started = run([trial()], Context(data, device="cpu"))
    next(started)
    started.close()  # type: ignore[attr-defined]
    assert set(threading.enumerate()) == before


def test_every_example_is_followed(data: Path, trial: Make) -> None:
    found = records(trial(epochs=3), data, follow_examples=True)
    (examples,) = [record for record in found if isinstance(record, Examples)]
    assert examples.first_learned.shape == (TRAIN,)


def test_the_captured_engine_leaves_streams_to_the_eager_one(data: Path, trial: Make) -> None:
    assert comparable(records(trial(), data, engine="captured")) == comparable(
        records(trial(), data)
    )


def test_a_network_learns_true_labels(data: Path, trial: Make) -> None:
    """Noise has nothing to generalize from, but can be memorized."""
    epochs = [
        r for r in records(trial(epochs=60, stop="fit", lr=0.02), data) if isinstance(r, Epoch)
    ]
    assert epochs[-1].train_error == 0.0
    assert epochs[0].train_error > 0.0


def test_colour_distortion_is_a_regularizer_that_its_label_tells(trial: Make) -> None:
    assert trial(**DISTORTED).regularizer == "crop+flip+rotation+color"
    assert label(trial(color=True)) == "mlp_1x512, true labels, color, seed 0"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"dataset": "cifar10", "color": True}, "color: cifar10 has no encoded images; dat"),
        ({"randomization": "gaussian"}, "randomization: gaussian changes images, and those of pi"),
        ({"model": "inception_v3"}, "inception_v3 needs images of at least 75x75 pixels"),
    ],
)
def test_what_would_be_ignored_is_refused(
    settings: dict[str, Any], expected: str, trial: Make
) -> None:
    with pytest.raises(TrialError, match=expected):
        trial(**settings)


def test_an_auxiliary_head_needs_two_examples_in_the_last_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {"dataset": "imagenet", "model": "inception_v3", "aux_weight": 0.4}
    ClassifierTrial(batch_size=1600, **settings)  # type: ignore[arg-type]
    with pytest.raises(TrialError, match=r"batch_size: 2 leaves one of 1281167 examples for the"):
        ClassifierTrial(batch_size=2, **settings)  # type: ignore[arg-type]
