"""Whether the fast variants end with the same errors as the plain one, over seeds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from math import comb
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from speed.job import write_images
from speed.ways import WAYS, Errors, Place, by_hand

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import load
from gensweep.trainables.datasets.arrays import Dataset, write_cache
from gensweep.trainables.errors import GensweepError

# The probability that equal variants are said to disagree, over all comparisons together.
CHANCE = 0.01
TRAIN_IMAGES, TEST_IMAGES = 2_048, 1_000
# Rates and epochs are chosen so that errors end between 0 and 1, where a difference shows.
MODELS: dict[str, dict[str, Any]] = {
    "mlp_1x512": {"epochs": 5, "lr": 0.005},
    "alexnet": {"epochs": 2, "lr": 0.02, "batch_size": 32},
}
COMPARISONS = 2 * len(WAYS) * len(MODELS)
HEAD = f"{'mean':>8}{'sd':>8}{'KS':>7}{'p':>9}"


def fewest_seeds() -> int:
    """With fewer seeds, no difference could be told from chance."""
    return next(n for n in range(2, 100) if 2 / comb(2 * n, n) < CHANCE / COMPARISONS)


def compare(seeds: int, device: str, threads: int) -> bool:
    """Print the errors of each variant beside the bare loop's. Returns whether all agree with
    it.
    """
    agree = True
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), device, threads)
        print(f"final errors of {seeds} seeds on {_write_data(place.data_dir)}", flush=True)
        for model, settings in MODELS.items():
            trials = [ClassifierTrial(model=model, seed=seed, **settings) for seed in range(seeds)]
            found, skipped = _all_ways(trials, place)
            for split, errors in enumerate(("training", "test")):
                samples = {way: [pair[split] for pair in found[way]] for way in found}
                print(f"\n{f'{model}, {errors} error':26}{HEAD}")
                agree &= agrees(samples)
            for way, why in skipped.items():
                print(f"{way:26}skipped: {why}")
    print(f"\ndisagree means p < {CHANCE:g} / {COMPARISONS} comparisons")
    return agree


def _write_data(data_dir: Path) -> str:
    """Write a part of CIFAR-10 if it is prepared, otherwise random images; return a description."""
    prepared = os.environ.get("GENSWEEP_DATA")
    if not prepared:
        write_images(TRAIN_IMAGES, data_dir)
        return f"{TRAIN_IMAGES:,} random images"
    full = load("cifar10", Path(prepared))
    part = Dataset(
        "cifar10",
        full.classes,
        full.train_images[:TRAIN_IMAGES],
        full.train_labels[:TRAIN_IMAGES],
        full.test_images[:TEST_IMAGES],
        full.test_labels[:TEST_IMAGES],
    )
    write_cache(part, data_dir)
    return f"{TRAIN_IMAGES:,} images of CIFAR-10, and {TEST_IMAGES:,} for the test"


def _all_ways(
    trials: Sequence[ClassifierTrial], place: Place
) -> tuple[dict[str, Errors], dict[str, str]]:
    found, skipped = {"bare": by_hand(trials, place)}, {}
    for name, way in WAYS.items():
        try:
            found[name] = way(trials, place)
        except (GensweepError, NotImplementedError) as error:
            skipped[name] = str(error)
    return found, skipped


def agrees(samples: dict[str, list[float]]) -> bool:
    """The two-sample distance of Kolmogorov and Smirnov, and the permutation test of the means."""
    bare, agree = samples["bare"], True
    for way, errors in samples.items():
        line = f"{way:26}{mean(errors):8.4f}{stdev(errors):8.4f}"
        if way != "bare":
            distance = stats.ks_2samp(errors, bare).statistic
            p = stats.permutation_test(
                (errors, bare), _difference, vectorized=True, n_resamples=20_000, rng=0
            ).pvalue
            same = p >= CHANCE / COMPARISONS
            agree &= same
            line += f"{distance:7.2f}{p:9.4f}{'' if same else '  disagree'}"
        print(line)
    return agree


def _difference(a: NDArray[np.float64], b: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    difference: NDArray[np.float64] = a.mean(axis=axis) - b.mean(axis=axis)
    return difference
