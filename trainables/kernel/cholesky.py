"""Cholesky factorization in place, for matrices that fill the memory; it can be interrupted.

LAPACK factors the blocks on the diagonal and BLAS does the rest. A call on the whole matrix would
copy it (`torch.linalg`), and could not be interrupted for many minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

BLOCK = 1024

Pause = Callable[[], None]  # called between blocks; raises to interrupt


def blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    """[0, n) in parts."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def factor(matrix: Tensor, pause: Pause, block: int = BLOCK) -> bool:
    """Turn the lower triangle of a symmetric (n, n) into L with L Lᵀ = matrix.

    Elements above the diagonal blocks are neither read nor written. Returns False if the matrix is
    not positive definite in its precision; its content is then useless.
    """
    n = len(matrix)
    for k in blocks(n, block):
        corner, info = torch.linalg.cholesky_ex(matrix[k, k])
        if info.item():
            return False
        matrix[k, k] = corner
        below = matrix[k.stop :, k]
        if not len(below):
            break
        below.copy_(torch.linalg.solve_triangular(corner.mT, below, upper=True, left=False))
        panel = below.contiguous()
        for rows in blocks(len(panel), block):
            pause()
            end = k.stop + rows.stop
            rest = matrix[k.stop + rows.start : end, k.stop : end]
            rest.addmm_(panel[rows], panel[: rows.stop].mT, alpha=-1.0)
    return True


def solve(lower: Tensor, right: Tensor, pause: Pause, block: int = BLOCK) -> Tensor:
    """x (n, k) with L Lᵀ x = right, given L in a lower triangle."""
    x = right.clone()
    parts = list(blocks(len(x), block))
    for k in parts:
        pause()
        known = x[k] - lower[k, : k.start] @ x[: k.start]
        x[k] = torch.linalg.solve_triangular(lower[k, k], known, upper=False)
    for k in reversed(parts):
        pause()
        known = x[k] - lower[k.stop :, k].mT @ x[k.stop :]
        x[k] = torch.linalg.solve_triangular(lower[k, k].mT, known, upper=True)
    return x
