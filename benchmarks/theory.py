"""Trials of the theory at a typical size: `python benchmarks/theory.py`.

Claims, on two cores: the network of theorem 1 for n = 10 000 points in d = 2352 dimensions takes
less than 20 s, with every output checked; interpolating 10 000 images of MNIST takes less than
60 s, with a test error within 0.5 points of scikit-learn's KernelRidge on the same rows.

The same run times a library on the same equations. The images are those under GENSWEEP_DATA; if
MNIST is not prepared there, the kernels are skipped with a message.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.kernel_ridge import KernelRidge

from gensweep.trainables.context import Context
from gensweep.trainables.datasets import load
from gensweep.trainables.expressivity.system import solve, thresholds
from gensweep.trainables.expressivity.trial import ExpressivityTrial
from gensweep.trainables.kernel.examples import chosen_rows
from gensweep.trainables.kernel.trial import KernelTrial
from gensweep.trainables.records import Measurement
from gensweep.trainables.registry import TRAINABLES
from gensweep.trainables.trial import Trial

DATA = Path(os.environ.get("GENSWEEP_DATA", "no data"))
N = 10_000
CORES = 2

T = TypeVar("T")


def main() -> None:
    theorem()
    if (DATA / "mnist" / "dataset.json").is_file():
        kernels()
    else:
        print("kernels: left out, as MNIST is not prepared under GENSWEEP_DATA")


def theorem() -> None:
    for output in ("real", "one_hot"):
        trial = ExpressivityTrial(dataset="gaussian", d=2352, n=N, output=output)
        taken, found = timed(lambda trial=trial: measured(trial))
        shown(f"theorem 1, n = {N}, d = 2352, {output}", taken, found["max_residual"], "residual")
    rng = np.random.default_rng(0)
    z, y = np.sort(rng.standard_normal(N)), rng.integers(0, 10, (N, 1)).astype(float)
    b = thresholds(z, 0.25)
    ours, _ = timed(lambda: solve(z, b, y))
    dense, _ = timed(
        lambda: solve_triangular(np.maximum(z[:, None] - b, 0.0), y, lower=True, check_finite=False)
    )
    print(f"  its system, {N} unknowns: {ours:.4f} s; as a dense matrix {dense / ours:.0f} x")


def kernels() -> None:
    dataset = load("mnist", DATA)
    rows = chosen_rows(KernelTrial(n=N), len(dataset.train_labels))
    x, z = (
        images.reshape(len(images), -1) / 255.0
        for images in (dataset.train_images[rows], np.asarray(dataset.test_images))
    )
    ridge = KernelRidge(alpha=0.0, kernel="rbf", gamma=0.02)
    targets = np.eye(dataset.classes)[dataset.train_labels[rows]]
    reference, predicted = timed(lambda: ridge.fit(x, targets).predict(z).argmax(1))
    error = float(np.mean(predicted != dataset.test_labels))
    for precision in ("fp64", "fp32"):
        trial = KernelTrial(n=N, precision=precision)
        taken, found = timed(lambda trial=trial: measured(trial))
        shown(f"kernel, MNIST, n = {N}, {precision}", taken, found["test_error"], "test error")
        print(f"    KernelRidge: {reference / taken:.2f} x the time, test error {error:.4f}")


def measured(trial: Trial) -> dict[str, float]:
    records = TRAINABLES[trial.trainable].run([trial], Context(DATA, device="cpu", threads=CORES))
    return {r.name: r.value for _, r in records if isinstance(r, Measurement)}


def timed(call: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def shown(what: str, taken: float, figure: float, name: str) -> None:
    print(f"  {what:44} {taken:6.2f} s, {name} {figure:.4g}", flush=True)


if __name__ == "__main__":
    main()
