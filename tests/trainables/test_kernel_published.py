"""Kernels on the real MNIST, against scikit-learn on the same rows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from gensweep.trainables.context import Context
from gensweep.trainables.datasets import load
from gensweep.trainables.kernel.examples import chosen_rows
from gensweep.trainables.kernel.run import run
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.records import Measurement

REAL = Path(os.environ.get("GENSWEEP_DATA", ""))
needs_mnist = pytest.mark.skipif(
    not os.environ.get("GENSWEEP_DATA") or not (REAL / "mnist" / "dataset.json").is_file(),
    reason="MNIST is not prepared under GENSWEEP_DATA",
)


@pytest.mark.mnist
@needs_mnist
@pytest.mark.parametrize("precision", ["fp32", "fp64"])
def test_mnist_at_10_000_is_within_half_a_point_of_scikit_learn(
    precision: Literal["fp32", "fp64"],
) -> None:
    trial = KernelTrial(n=10_000, precision=precision)
    found = {
        r.name: r.value
        for _, r in run([trial], Context(REAL, device="cpu"))
        if isinstance(r, Measurement)
    }
    dataset = load("mnist", REAL)
    rows = chosen_rows(trial, len(dataset.train_labels))
    x, z = (
        images.reshape(len(images), -1) / 255.0
        for images in (dataset.train_images[rows], np.asarray(dataset.test_images))
    )
    ridge = KernelRidge(alpha=0.0, kernel="rbf", gamma=0.02)
    ridge.fit(x, np.eye(10)[dataset.train_labels[rows]])
    expected = np.mean(ridge.predict(z).argmax(1) != dataset.test_labels)
    assert found["test_error"] == pytest.approx(expected, abs=0.005)
    assert found["train_error"] == 0.0
    assert found["residual"] < 1e-10
    assert found["test_error"] < 0.035
