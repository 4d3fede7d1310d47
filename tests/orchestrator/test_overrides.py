"""What `--set` says holds for every trial, and is checked as strictly as the file."""

from __future__ import annotations

from typing import Any

import pytest

from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.sweep import Override, SweepSpec

FILE = """\
name = "made"
seeds = [0, 1]

[defaults]
epochs = 7

[model.inception]
lr = 0.2

[regularizer.slow]
lr = 0.3

[[grid]]
model = ["inception", "mlp_1x512"]
regularizer = ["none", "slow"]

[[grid]]
model = "alexnet"
lr = [0.4, 0.5]

[resources]
cpu = 2
"""


def read(*overrides: tuple[str, Any]) -> SweepSpec:
    return parse_spec(FILE, "a.toml", [Override(*o) for o in overrides])


def test_a_trial_field_holds_for_every_trial_whatever_level_set_it() -> None:
    planned = plan(read(("lr", 0.9), ("epochs", 1)))
    assert {(p.trial.lr, p.trial.epochs) for p in planned} == {(0.9, 1)}
    assert len(planned) == 2 * 3  # what differed in nothing but lr is one trial now


def test_the_last_of_two_overrides_of_a_key_holds() -> None:
    assert {p.trial.lr for p in plan(read(("lr", 0.9), ("lr", 0.8)))} == {0.8}


def test_a_single_seed_takes_the_place_of_all_seeds() -> None:
    assert {p.trial.seed for p in plan(read(("seed", 5)))} == {5}


def test_seeds_name_and_resources_can_be_set() -> None:
    spec = read(
        ("seeds", [5]), ("name", "other"), ("resources.gpu", 0.5), ("resources.device", "cpu")
    )
    assert (spec.seeds, spec.name) == ([5], "other")
    assert (spec.resources.cpu, spec.resources.gpu, spec.resources.device) == (2, 0.5, "cpu")


def test_resources_can_be_set_where_the_file_has_none() -> None:
    text = 'name = "a"\n[[grid]]\nmodel = "alexnet"\n'
    spec = parse_spec(text, "a.toml", [Override("resources.cpu", 3)])
    assert spec.resources.cpu == 3


def test_how_trials_run_can_be_set() -> None:
    made = read(
        ("resources.pack", 4), ("resources.engine", "captured"), ("resources.compile", True)
    )
    assert made.resources == Resources(cpu=2, pack=4, engine="captured", compile=True)
    assert read(("resources.pack", "auto")).resources.pack == "auto"


def test_a_model_can_be_set_where_no_grid_has_one() -> None:
    spec = parse_spec('name = "a"\n[[grid]]\n', "a.toml", [Override("model", "alexnet")])
    assert [p.trial.model for p in plan(spec)] == ["alexnet"]


@pytest.mark.parametrize(
    ("key", "value", "what", "allowed"),
    [
        ("epoch", 3, "unknown key 'epoch'; did you mean 'epochs'?", "one of dataset, model"),
        ("resources.cpus", 1, "did you mean 'resources.cpu'?", "resources.device"),
        ("grid", 1, "unknown key 'grid'", "one of dataset"),
        ("epochs", 0, "0 is not valid", "a whole number, at least 1"),
        ("epochs", True, "true is not valid", "a whole number, at least 1"),
        ("epochs", "many", "'many' is not valid", "a whole number, at least 1"),
        ("model", "vgg", "unknown model 'vgg'", "one of inception"),
        ("lr", [0.1, 0.2], "[0.1, 0.2] is not valid", "a number, above 0"),
    ],
)
def test_a_wrong_override_is_an_error_that_names_it(
    key: str, value: Any, what: str, allowed: str
) -> None:
    with pytest.raises(SpecError) as caught:
        read((key, value))
    (problem,) = caught.value.problems
    assert problem.where == f"--set {key}"
    assert what in problem.what
    assert allowed in problem.allowed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seeds", 3),
        ("seeds", [1, 1]),
        ("name", "A B"),
        ("resources.gpu", -1),
        ("resources.pack", 0),
        ("resources.compile", "yes"),
    ],
)
def test_a_wrong_seed_name_or_resource_is_an_error(key: str, value: Any) -> None:
    with pytest.raises(SpecError, match=f"{key}: .* is not valid"):
        read((key, value))


def test_wrong_overrides_are_reported_together_with_the_mistakes_of_the_file() -> None:
    text = FILE.replace("epochs = 7", "epochs = 0")
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "a.toml", [Override("lr", 0), Override("modle", "alexnet")])
    assert [p.where for p in caught.value.problems] == [
        "--set lr",
        "--set modle",
        "a.toml:5: defaults.epochs",
    ]
