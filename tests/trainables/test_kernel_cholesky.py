"""The factor of a large matrix, against LAPACK's of the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import cho_solve, cholesky
from torch import Tensor

from gensweep.trainables.kernel.cholesky import factor, solve


def definite(n: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    rows = torch.randn(n, n + 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return rows @ rows.mT / n + 0.1 * torch.eye(n, dtype=dtype)


def never() -> None:
    """No reason to leave."""


@given(n=st.integers(1, 40), block=st.integers(1, 45), seed=st.integers(0, 9))
def test_the_factor_is_lapacks_whatever_the_block(n: int, block: int, seed: int) -> None:
    matrix = definite(n, seed=seed)
    expected = cholesky(matrix.numpy(), lower=True)
    assert factor(matrix, never, block)
    np.testing.assert_allclose(matrix.tril().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-4), (torch.float64, 1e-12)])
@pytest.mark.parametrize("block", [7, 64, 1000])
def test_the_solution_is_lapacks(dtype: torch.dtype, close: float, block: int) -> None:
    matrix, right = definite(150, dtype), torch.randn(150, 4, dtype=dtype)
    expected = cho_solve((cholesky(matrix.double().numpy(), lower=True), True), right.numpy())
    assert factor(matrix, never, block)
    found = solve(matrix, right, never, block)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=close, atol=close)


def test_what_stands_above_the_diagonals_blocks_is_neither_read_nor_written() -> None:
    matrix = definite(30)
    expected = cholesky(matrix.numpy(), lower=True)
    above = torch.ones(30, 30, dtype=torch.bool).triu(1)
    for start in range(0, 30, 8):
        above[start : start + 8, start : start + 8] = False
    matrix[above] = torch.nan
    assert factor(matrix, never, 8)
    assert matrix[above].isnan().all()
    np.testing.assert_allclose(matrix.tril().numpy(), expected, atol=1e-12)
    assert solve(matrix, torch.ones(30, 1, dtype=torch.float64), never, 8).isfinite().all()


@pytest.mark.parametrize("place", [0, 9, 29])
def test_a_matrix_that_is_not_positive_definite_has_no_factor(place: int) -> None:
    matrix = definite(30)
    matrix[place, place] = -1.0
    assert not factor(matrix, never, 8)


def test_one_may_leave_between_blocks() -> None:
    calls = 0

    def third_time() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        factor(definite(50), third_time, 10)
    calls = 0
    with pytest.raises(InterruptedError):
        solve(definite(50), torch.ones(50, 1, dtype=torch.float64), third_time, 10)
