"""The measures against what is known exactly: linear functions, ridge regression, the paper."""

from __future__ import annotations

from itertools import pairwise, product
from math import e, log2
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from torch import Tensor, nn

from gensweep.trainables.capacity import rademacher, stability, vc
from gensweep.trainables.capacity.sample import Sample
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.models import build_model

CIFAR = (3, 28, 28)

# Rademacher: affine functions in the plane


def separable(points: Any, signs: Any) -> bool:
    """Whether some affine function has these signs: a linear program without an objective."""
    rows = -signs[:, None] * np.column_stack([points, np.ones(len(points))])
    return linprog(np.zeros(3), rows, -np.ones(len(points)), bounds=(None, None)).status == 0


def fitted(points: Any, signs: Any) -> float:
    """The correlation that training an affine function reaches."""
    torch.manual_seed(0)
    sample = Sample(torch.tensor(points).float(), torch.tensor((signs > 0).astype(int)))
    n = len(points)
    trial = CapacityTrial(n=n, epochs=400, lr=1.0, lr_decay=1.0, batch_size=n)
    records = rademacher.fit(nn.Linear(2, 2), sample, None, trial, lambda: False)
    (found,) = [r.value for r in records if r.name == "correlation"]
    return found


def test_what_training_reaches_is_the_complexity_of_linear_functions_or_less() -> None:
    points = np.random.default_rng(3).standard_normal((5, 2))
    drawn = [np.array(signs) for signs in product([-1, 1], repeat=5)]
    reachable = np.array([s for s in drawn if separable(points, s)])
    assert len(reachable) == 22  # Cover: 2 (C(4,0) + C(4,1) + C(4,2)) of 32, in general position
    suprema = np.array([(reachable @ signs).max() / 5 for signs in drawn])
    reached = np.array([fitted(points, signs) for signs in drawn])
    assert (reached <= suprema + 1e-12).all()
    assert reached[suprema == 1].tolist() == [1.0] * 22
    assert suprema.mean() - 0.1 < reached.mean() <= suprema.mean() < 1


def test_points_that_are_shattered_have_complexity_one() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert {fitted(points, np.array(s)) for s in product([-1, 1], repeat=3)} == {1.0}


# Stability: ridge regression, where a replaced example has a closed form


def ridge(penalty: float) -> stability.Learner:
    """Minimizes |X w - y|^2 + penalty |w|^2; its losses are the square and the wrong sign."""

    def learn(sample: Sample) -> Any:
        x, y = sample.inputs, sample.labels
        w = torch.linalg.solve(x.T @ x + penalty * torch.eye(x.shape[1]).double(), x.T @ y)

        def losses(other: Sample) -> Tensor:
            found = other.inputs @ w
            return torch.stack([(found - other.labels) ** 2, (found * other.labels <= 0).double()])

        return losses

    return learn


def with_one_more(inverse: Any, moment: Any, x: Any, y: float, sign: int) -> tuple[Any, Any]:
    """Sherman and Morrison: the inverse and X' y once an example is added (+1) or removed (-1)."""
    turned = inverse @ x
    inverse = inverse - sign * np.outer(turned, turned) / (1 + sign * x @ turned)
    return inverse, moment + sign * x * y


@pytest.mark.parametrize("penalty", [0.1, 10.0])
def test_the_stability_of_ridge_regression_is_its_closed_form(penalty: float) -> None:
    rng = np.random.default_rng(0)
    x, x_new, x_test = (rng.standard_normal((n, 4)) for n in (12, 3, 30))
    y, y_new, y_test = (np.sign(rng.standard_normal(n)) for n in (12, 3, 30))
    samples = [
        Sample(torch.tensor(a), torch.tensor(b))
        for a, b in ((x, y), (x_new, y_new), (x_test, y_test))
    ]
    places = [7, 0, 11]
    records = list(
        stability.changes(ridge(penalty), samples[0], torch.tensor(places), *samples[1:])
    )
    found = {(r.name, r.at): r.value for r in records}

    inverse, moment = np.linalg.inv(x.T @ x + penalty * np.eye(4)), x.T @ y
    w = inverse @ moment
    for number, place in enumerate(places):
        changed = with_one_more(inverse, moment, x[place], y[place], -1)
        changed = with_one_more(*changed, x_new[number], y_new[number], +1)
        other = changed[0] @ changed[1]
        at = number + 1
        for where, inputs, labels in (
            ("train", np.vstack([x, x_new[number]]), np.append(y, y_new[number])),
            ("test", x_test, y_test),
        ):
            loss = np.abs((inputs @ other - labels) ** 2 - (inputs @ w - labels) ** 2)
            error = (inputs @ other * labels <= 0) != (inputs @ w * labels <= 0)
            assert found[f"{where}_loss_change_max", at] == pytest.approx(loss.max())
            assert found[f"{where}_loss_change_mean", at] == pytest.approx(loss.mean())
            assert found[f"{where}_error_change_max", at] == error.max()
            assert found[f"{where}_error_change_mean", at] == pytest.approx(error.mean())
        removed = (x[place] @ other - y[place]) ** 2 - (x[place] @ w - y[place]) ** 2
        new = (x_new[number] @ w - y_new[number]) ** 2
        new -= (x_new[number] @ other - y_new[number]) ** 2
        assert found["left_out_loss", at] == pytest.approx((removed + new) / 2)
    assert found["train_loss_change_max", 0] == found["test_loss_change_max", 0] == 0
    assert found["test_error", None] == pytest.approx(np.mean(x_test @ w * y_test <= 0))


def test_left_out_losses_estimate_the_generalization_gap() -> None:
    """Their means over many samples agree, within four standard errors."""
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(4)
    differences = []
    for _ in range(300):
        x = rng.standard_normal((10 + 10 + 500, 4))
        y = x @ truth + rng.standard_normal(len(x))
        parts = [
            Sample(torch.tensor(x[s]), torch.tensor(y[s]))
            for s in (slice(10), slice(10, 20), slice(20, None))
        ]
        learn = ridge(1.0)
        learned = learn(parts[0])
        gap = learned(parts[2])[0].mean() - learned(parts[0])[0].mean()
        records = stability.changes(learn, parts[0], torch.arange(10), *parts[1:])
        left_out = [r.value for r in records if r.name == "left_out_loss"]
        differences.append(np.mean(left_out) - gap.item())
    spread = np.std(differences) / np.sqrt(len(differences))
    assert abs(np.mean(differences)) < 4 * spread
    assert spread < 0.1


# VC dimension

DEPTHS = {"mlp_1x512": 2, "mlp_3x512": 4, "alexnet": 5, "inception": 12, "resnet18": 18}


@pytest.mark.parametrize("name", DEPTHS)
def test_the_depth_is_the_longest_way_through_layers_with_weights(name: str) -> None:
    assert vc.depth(build_model(name, CIFAR, 1)) == DEPTHS[name]


def test_the_parameters_are_the_papers() -> None:
    assert vc.parameters(build_model("mlp_1x512", CIFAR, 10)) == 1_209_866
    assert vc.parameters(build_model("inception", CIFAR, 10)) == 1_649_402


def test_the_order_is_w_l_log_w() -> None:
    assert vc.order(2**20, 2) == 2**20 * 2 * 20


layer_sizes = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@given(inputs=st.integers(1, 50), units=layer_sizes)
def test_the_bound_is_the_last_number_of_points_that_the_growth_function_allows(
    inputs: int, units: list[int]
) -> None:
    widths = [inputs, *units, 1]
    layers = [vc.Layer((a + 1) * b, b) for a, b in pairwise(widths)]
    total = sum(layer.parameters for layer in layers)

    def ways(m: int) -> float:
        """log2 of how many labellings of m points there can be."""
        said, below = 0.0, 0
        for depth, layer in enumerate(layers, start=1):
            below += layer.parameters
            said += 1 + below * log2(2 * e * m * layer.units * depth / below)
        return said

    found = vc.bound(layers)
    assert found >= total
    assert ways(found) >= found
    assert ways(found + 1) < found + 1


@given(inputs=st.integers(1, 50), units=layer_sizes)
def test_the_bound_is_below_the_closed_form_of_bartlett_and_others(
    inputs: int, units: list[int]
) -> None:
    """L + sum_i W_i log2(4 e R log2(2 e R)) with R = sum_i i k_i, for one output."""
    widths = [inputs, *units, 1]
    layers = [vc.Layer((a + 1) * b, b) for a, b in pairwise(widths)]
    below = np.cumsum([layer.parameters for layer in layers])
    r = sum(depth * layer.units for depth, layer in enumerate(layers, start=1))
    closed = len(layers) + below.sum() * log2(4 * e * r * log2(2 * e * r))
    assert vc.bound(layers) <= closed


@pytest.mark.parametrize("inputs", [1, 2, 10, 100])
def test_the_bound_of_a_linear_function_is_no_less_than_its_vc_dimension(inputs: int) -> None:
    assert vc.bound([vc.Layer(inputs + 1, 1)]) >= inputs + 1
