"""Theorem 1: the constructed network against plain formulas and SciPy's triangular solver."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import solve_triangular
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gensweep.trainables.errors import DataError
from gensweep.trainables.expressivity.construct import construct
from gensweep.trainables.expressivity.judge import judge
from gensweep.trainables.expressivity.network import Interpolant
from gensweep.trainables.expressivity.system import condition, solve, thresholds

SIZES = st.integers(1, 40)
KNOTS = st.sampled_from([0.01, 0.25, 0.5])
# Any labelling: classes, real numbers of very different sizes, several outputs.
LABELS = st.floats(-1e3, 1e3) | st.integers(0, 9).map(float)


def points(n: int, d: int = 3, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def ascending(n: int, seed: int) -> np.ndarray:
    """Projections as a sample has them: some close, some far."""
    return np.sort(np.random.default_rng(seed).standard_normal(n))


def matrix(z: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A of the theorem, written out."""
    return np.maximum(z[:, None] - b[None, :], 0.0)


@given(n=SIZES, outputs=st.integers(1, 3), knot=KNOTS, seed=st.integers(0, 99), data=st.data())
def test_the_weights_are_those_of_a_triangular_solver(
    n: int, outputs: int, knot: float, seed: int, data: Any
) -> None:
    z = ascending(n, seed)
    y = data.draw(hnp.arrays(np.float64, (n, outputs), elements=LABELS))
    b = thresholds(z, knot)
    system = matrix(z, b)
    w = solve(z, b, y)
    assert np.array_equal(system, np.tril(system))
    assert (np.diag(system) > 0).all()
    reference = solve_triangular(system, y, lower=True)
    # Both are as good as the condition number lets them be.
    scale = np.abs(reference).max() + 1e-300
    assert np.abs(w - reference).max() / scale < 1e-14 * max(condition(z, b), 1e3)
    assert np.abs(system @ w - y).max() <= 1e-12 * (np.abs(system) @ np.abs(w) + 1e-300).max()


@given(n=SIZES, knot=KNOTS, seed=st.integers(0, 99))
def test_the_condition_number_is_that_of_the_matrix(n: int, knot: float, seed: int) -> None:
    z = ascending(n, seed)
    b = thresholds(z, knot)
    assert condition(z, b) == pytest.approx(np.linalg.cond(matrix(z, b), p=1), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data(), knot=KNOTS)
def test_every_threshold_is_below_its_projection_and_not_below_the_one_before(
    data: Any, knot: float, dtype: type
) -> None:
    width = 32 if dtype is np.float32 else 64
    values = st.floats(-1e6, 1e6, width=width, allow_subnormal=False)
    start = data.draw(st.lists(values, min_size=1, max_size=20))
    z = np.unique(np.array(start, dtype))
    z = np.unique(np.concatenate([z, np.nextafter(z, dtype(np.inf))]))  # no number in between
    b = thresholds(z, knot)
    assert b.dtype == z.dtype
    assert (b < z).all()
    assert (b[1:] >= z[:-1]).all()


@given(n=SIZES, d=st.integers(1, 5), depth=st.integers(1, 6), data=st.data())
def test_any_labels_of_any_sample_are_fitted_with_2n_plus_d_weights(
    n: int, d: int, depth: int, data: Any
) -> None:
    assume(depth <= n)
    x = points(n, d, data.draw(st.integers(0, 99)))
    y = torch.from_numpy(data.draw(hnp.arrays(np.float64, n, elements=LABELS)))
    network = construct(x, y, depth=depth).network
    assert isinstance(network, nn.Module)
    assert sum(p.numel() for p in network.parameters()) == 2 * n + d
    assert torch.allclose(network(x)[:, 0], y, rtol=0.0, atol=1e-6)


def test_several_outputs_share_the_direction_and_the_thresholds() -> None:
    x, labels = points(50, 7), torch.arange(50) % 4
    network = construct(x, nn.functional.one_hot(labels).double()).network
    assert sum(p.numel() for p in network.parameters()) == 50 + 7 + 50 * 4
    assert torch.equal(network(x).argmax(dim=1), labels)


def test_the_forward_pass_is_the_papers_formula_anywhere() -> None:
    network = construct(points(600), torch.randn(600, dtype=torch.float64)).network
    new = 3.0 * points(700, seed=1)
    a, b, w = (p.detach().numpy() for p in (network.a, network.b, network.w))
    expected = np.maximum((new.double().numpy() @ a)[:, None] - b, 0.0) @ w
    scale = (np.maximum((new.double().numpy() @ a)[:, None] - b, 0.0) @ np.abs(w)).max()
    assert np.abs(network(new).detach().numpy() - expected).max() < 1e-14 * scale


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor has that any operation makes."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, list | tuple) else [made]:
            # A view is of memory that was there before.
            if isinstance(tensor, Tensor) and not tensor._is_view():
                self.numbers = max(self.numbers, tensor.numel())
        return made


@pytest.mark.parametrize("depth", [1, 3])
def test_neither_constructing_nor_the_forward_pass_makes_an_n_by_n_matrix(depth: int) -> None:
    n = 4000
    x, y = points(n), torch.arange(n).double()
    with Largest() as largest, torch.no_grad():
        construct(x, y, depth=depth).network(x)
    assert n * 3 <= largest.numbers < n * n / 50


def plain(network: Interpolant) -> nn.Sequential:
    """The same network as linear layers and ReLUs, with every connection written out."""
    z_up, z_down, carried = 0, 1, 2
    outputs = network.w.shape[1]
    b_parts, w_parts = (p.tensor_split(network.depth) for p in (network.b, network.w))
    a, dtype = network.a.detach(), network.a.dtype
    layers: list[nn.Module] = []
    read = None  # (outputs, units) from the units of the last layer to the sum so far
    for b, w in zip(b_parts, w_parts, strict=True):
        first = read is None
        size = 2 + 2 * outputs + len(b)
        weight = torch.zeros(size, len(a) if first else read.shape[1], dtype=dtype)
        bias = torch.zeros(size, dtype=dtype)
        projection = a if first else torch.zeros(weight.shape[1], dtype=dtype)
        if not first:
            projection[z_up], projection[z_down] = 1.0, -1.0
            weight[carried : carried + outputs] = read
            weight[carried + outputs : carried + 2 * outputs] = -read
        weight[z_up], weight[z_down] = projection, -projection
        weight[carried + 2 * outputs :] = projection
        bias[carried + 2 * outputs :] = -b.detach()
        linear = nn.Linear(weight.shape[1], size, dtype=dtype)
        linear.weight.data, linear.bias.data = weight, bias
        layers += [linear, nn.ReLU()]
        read = torch.zeros(outputs, size, dtype=dtype)
        read[:, carried : carried + outputs] = torch.eye(outputs, dtype=dtype)
        read[:, carried + outputs : carried + 2 * outputs] = -torch.eye(outputs, dtype=dtype)
        read[:, carried + 2 * outputs :] = w.detach().T
    last = nn.Linear(read.shape[1], outputs, bias=False, dtype=dtype)
    last.weight.data = read
    return nn.Sequential(*layers, last)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", [1, 2, 7, 60])
def test_depth_k_is_a_relu_network_with_k_hidden_layers_of_width_n_over_k(
    depth: int, outputs: int
) -> None:
    n = 60
    x = points(n, 4)
    y = torch.randn(n, outputs, dtype=torch.float64)
    made = construct(x, y, depth=depth)
    layered = plain(made.network)
    hidden = [a.out_features for a, b in pairwise(layered) if isinstance(b, nn.ReLU)]
    assert len(hidden) == depth
    assert made.network.width <= max(hidden) <= ceil(n / depth) + 2 + 2 * outputs
    assert made.network.width == (n if depth == 1 else max(hidden))
    shallow = construct(x, y).network
    for inputs in (x, points(40, 4, seed=1)):
        expected = layered(inputs.double())
        assert torch.allclose(made.network(inputs), expected, atol=1e-7)
        assert torch.allclose(shallow(inputs), expected, atol=1e-7)


@pytest.mark.parametrize("same", [[0.0, 1.0], [-0.0, 1.0]])
def test_equal_inputs_with_different_labels_are_an_error_that_names_both_rows(
    same: list[float],
) -> None:
    x = torch.tensor([[2.0, 3.0], [0.0, 1.0], [4.0, 4.0], same])
    with pytest.raises(DataError, match=r"rows 1 and 3: the same input has .* labels, 7 and 2"):
        construct(x, torch.tensor([5.0, 7.0, 7.0, 2.0]))
    with pytest.raises(DataError, match=r"rows r1 and r3: .* labels, 0 and 2"):
        construct(x, torch.eye(3)[[1, 0, 2, 2]], name="r{}".format)


def test_equal_inputs_with_one_label_are_fitted() -> None:
    x = points(300)
    x[7] = x[200] = x[100]
    y = torch.arange(300) % 10
    y[7] = y[200] = y[100]
    made = construct(x, y.double())
    assert made.equal_projections == 0
    assert sum(p.numel() for p in made.network.parameters()) == 2 * 300 + 3
    assert torch.allclose(made.network(x)[:, 0], y.double(), atol=1e-6)


def test_inputs_that_a_precision_cannot_tell_apart_are_counted_and_the_rest_is_fitted() -> None:
    x = points(20, 2)
    x[13] = x[4]
    x[13, 1] = x[4, 1] + 1e-6 * x[4, 1]
    x[4, 0] = x[13, 0] = 1e4  # beside which the difference is rounded away
    y = torch.arange(20.0)
    made = construct(x, y, precision=torch.float32)
    wrong = (made.network(x)[:, 0] - y).abs() > 0.5
    assert (made.equal_projections, made.draws, int(wrong.sum())) == (1, 5, 1)
    assert bool(wrong[4]) != bool(wrong[13])
    exact = construct(x, y, precision=torch.float64)
    assert (exact.equal_projections, exact.draws) == (0, 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_input_that_is_not_finite_is_named(value: float) -> None:
    x = points(5)
    x[3, 1] = value
    with pytest.raises(DataError, match="row 3: the input is not finite"):
        construct(x, torch.arange(5.0))


def test_everything_is_in_the_precision_that_was_asked_for() -> None:
    for precision in (torch.float32, torch.float64):
        network = construct(points(9), torch.arange(9.0), precision=precision).network
        assert {p.dtype for p in network.parameters()} == {precision}
        assert network(points(9).double()).dtype == precision


def test_what_is_said_of_the_gaps_is_so() -> None:
    x = points(100)
    made = construct(x, torch.arange(100.0))
    z = np.sort(made.network.project(x).detach().numpy())
    assert made.smallest_gap == np.diff(z).min()
    assert np.linalg.norm(made.network.a.detach()) == pytest.approx(1.0)
    system = matrix(z, np.sort(made.network.b.detach().numpy()))
    assert made.condition == pytest.approx(np.linalg.cond(system, p=1), rel=1e-6)


class Given(nn.Module):
    """A network that answers what it is asked."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def test_half_way_to_the_next_number_is_wrong_and_so_is_what_is_not_finite() -> None:
    outputs = torch.tensor([[1.0], [2.49], [2.5], [float("nan")], [float("inf")]])
    targets = torch.tensor([[1.0], [2.0], [2.0], [2.0], [2.0]])
    fit = judge(Given(), outputs[:3], targets[:3], 2)
    assert fit is not None
    assert (fit.max_residual, fit.train_error) == (0.5, pytest.approx(1 / 3))
    fit = judge(Given(), outputs, targets, 2)
    assert fit is not None
    assert (fit.max_residual, fit.train_error) == (float("inf"), pytest.approx(3 / 5))


def test_of_several_outputs_the_largest_is_the_prediction() -> None:
    outputs = torch.tensor([[0.1, 0.2, -1.0], [0.9, 0.1, 0.0], [float("nan"), 0.0, 1.0]])
    fit = judge(Given(), outputs, torch.eye(3)[[1, 1, 2]], 8)
    assert fit is not None
    assert fit.train_error == pytest.approx(2 / 3)
