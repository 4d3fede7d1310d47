from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gensweep.trainables.randomizations import corrupt_labels

CLASSES = 10
MANY = 200_000
SIGMAS = 5.0

seeds = st.integers(0, 2**32)
probabilities = st.floats(0.0, 1.0)
labellings = st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=200).map(np.array)


def reference(labels: NDArray[np.int64], p: float, seed: int) -> list[int]:
    def stream(name: str) -> np.random.Generator:
        sequence = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
        return np.random.Generator(np.random.Philox(sequence))

    coins = stream("label-corruption").random(len(labels))
    classes = stream("label-replacement").integers(CLASSES, size=len(labels))
    given = []
    for label, coin, drawn in zip(labels, coins, classes, strict=True):
        given.append(int(drawn) if coin < p else int(label))
    return given


def share_is(share: float, expected: float, n: int) -> bool:
    """Whether a share of n independent draws is within five standard deviations."""
    return abs(share - expected) <= SIGMAS * np.sqrt(expected * (1 - expected) / n)


@given(labellings, probabilities, seeds)
def test_labels_are_corrupted_one_by_one(labels: NDArray[np.int64], p: float, seed: int) -> None:
    assert corrupt_labels(labels, CLASSES, p, seed).tolist() == reference(labels, p, seed)


@given(labellings, probabilities, seeds)
def test_corrupted_labels_are_classes(labels: NDArray[np.int64], p: float, seed: int) -> None:
    given = corrupt_labels(labels, CLASSES, p, seed)
    assert given.dtype == np.int64
    assert given.shape == labels.shape
    assert 0 <= given.min() <= given.max() < CLASSES


@given(labellings, seeds)
def test_nothing_changes_at_probability_0(labels: NDArray[np.int64], seed: int) -> None:
    assert np.array_equal(corrupt_labels(labels, CLASSES, 0.0, seed), labels)


@given(labellings, seeds, probabilities, probabilities)
def test_corruption_is_nested_in_its_probability(
    labels: NDArray[np.int64], seed: int, p: float, q: float
) -> None:
    less = corrupt_labels(labels, CLASSES, min(p, q), seed)
    more = corrupt_labels(labels, CLASSES, max(p, q), seed)
    changed = less != labels
    assert np.array_equal(more[changed], less[changed])


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9, 1.0])
def test_nine_tenths_of_the_corrupted_labels_change(p: float) -> None:
    labels = np.arange(MANY) % CLASSES
    changed = (corrupt_labels(labels, CLASSES, p, seed=0) != labels).mean()
    assert share_is(float(changed), 0.9 * p, MANY)


def test_random_labels_know_nothing_of_the_truth() -> None:
    labels = np.arange(MANY) % CLASSES
    given = corrupt_labels(labels, CLASSES, 1.0, seed=0)
    counts = np.zeros((CLASSES, CLASSES))
    np.add.at(counts, (labels, given), 1)
    for count in counts.flat:
        assert share_is(count / MANY, 1 / CLASSES**2, MANY)


def test_random_labels_are_no_permutation_of_the_classes() -> None:
    labels = np.arange(5_000) % CLASSES
    given = corrupt_labels(labels, CLASSES, 1.0, seed=0)
    for label in range(CLASSES):
        assert set(given[labels == label]) == set(range(CLASSES))


def test_which_labels_are_replaced_has_nothing_to_do_with_their_replacement() -> None:
    labels = np.full(MANY, -1)  # no class, so that every replacement shows
    given = corrupt_labels(labels, CLASSES, 0.5, seed=0)
    replaced = given[given >= 0]
    assert share_is(len(replaced) / MANY, 0.5, MANY)
    for label in range(CLASSES):
        assert share_is(float((replaced == label).mean()), 1 / CLASSES, len(replaced))


def test_two_seeds_agree_by_chance_only() -> None:
    labels = np.zeros(MANY, np.int64)
    one, other = (corrupt_labels(labels, CLASSES, 1.0, seed) for seed in (0, 1))
    assert share_is(float((one == other).mean()), 1 / CLASSES, MANY)


def test_corruption_knows_any_number_of_classes() -> None:
    labels = np.zeros(MANY, np.int64)
    assert set(corrupt_labels(labels, 1000, 1.0, seed=0)) == set(range(1000))
