"""The triangular system A w = y of theorem 1, solved without its n x n matrix.

A_ij = max(z_i - b_j, 0) with b_1 < z_1 <= b_2 < z_2 <= … is lower triangular. With s_i the sum of
w_1 … w_i, the slope of the interpolant at z_i, two neighbouring rows differ by

    y_i - y_{i-1} = (z_i - b_i) s_i + (b_i - z_{i-1}) s_{i-1}

so A = D⁻¹ T D⁻¹, where D takes differences and T has two diagonals: O(n) in place of O(n²).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Vector = NDArray[Any]  # float32 or float64; results have the precision of the inputs


def thresholds(z: Vector, knot: float) -> Vector:
    """Thresholds b (n,) between the ascending, distinct z (n,), at the share `knot` of each gap.

    The first lies a mean gap below z_1. If no number lies between two neighbours, the threshold is
    the lower one, and the system is still triangular.
    """
    below = np.nextafter(z, z.dtype.type(-np.inf))
    gap = (z[-1] - z[0]) / len(z) if len(z) > 1 else z.dtype.type(1.0)
    b = np.empty_like(z)
    b[0] = z[0] - gap
    b[1:] = z[:-1] + z.dtype.type(knot) * np.diff(z)
    lowered: Vector = np.minimum(b, below)
    return lowered


def solve(z: Vector, b: Vector, y: Vector) -> Vector:
    """w (n, outputs) with A w = y (n, outputs), by LAPACK's `tbtrs` on T's two diagonals."""
    steps, rises = _diagonals(z, b)
    bands = np.zeros((2, len(z)), z.dtype)
    bands[0], bands[1, :-1] = steps, rises[1:]
    (tbtrs,) = lapack.get_lapack_funcs(("tbtrs",), (bands,))
    slopes, info = tbtrs(bands, _differences(y.astype(z.dtype)), uplo="L")
    if info:
        raise ArithmeticError(f"tbtrs: row {info} of the system has no diagonal")
    w: Vector = _differences(slopes)
    return w


def condition(z: Vector, b: Vector) -> float:
    """The condition number of A in the 1-norm, max over columns of sums of |A_ij|, exactly.

    The columns of A shrink to the right, so the first has the largest sum. Column j of its inverse
    is w for y = e_j: the slopes are s_j = 1 / (z_j - b_j) and s_{j+1} < 0, and
    from there on each is -r times the one before, r_i = (b_i - z_{i-1}) / (z_i - b_i), so that all
    |w_i| beyond j + 1 add up to |s_{j+1}| f_{j+2} with f_i = 1 + r_i + r_i f_{i+1}.
    """
    z, b = z.astype(np.float64), b.astype(np.float64)
    steps, rises = _diagonals(z, b)
    slope = 1.0 / steps
    following = np.zeros_like(slope)
    following[:-1] = (1.0 + rises[1:] * slope[:-1]) / steps[1:]
    beyond = np.zeros(len(z) + 2)
    beyond[:-2] = _tails(rises / steps)
    sums = slope + np.where(following > 0.0, following + slope, 0.0) + following * beyond[2:]
    return float((z - b[0]).sum() * sums.max())


def _tails(ratios: Vector) -> Vector:
    """f (n,) with f_i = 1 + r_i + r_i f_{i+1} and nothing beyond the end."""
    bands = np.ones((2, len(ratios)))
    bands[0, 1:] = -ratios[:-1]
    tails, _ = lapack.dtbtrs(bands, (1.0 + ratios)[:, None], uplo="U", diag="U")
    found: Vector = tails[:, 0]
    return found


def _diagonals(z: Vector, b: Vector) -> tuple[Vector, Vector]:
    """z_i - b_i, and b_i - z_{i-1}, whose first is 0."""
    rises = np.zeros_like(z)
    rises[1:] = b[1:] - z[:-1]
    return z - b, rises


def _differences(values: Vector) -> Vector:
    """Differences between rows; the first row stays."""
    return np.diff(values, axis=0, prepend=values.dtype.type(0))
