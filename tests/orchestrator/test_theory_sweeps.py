"""A sweep file plans trials of every trainable, each with fields of its own."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields

import pytest

from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.packs import in_order, packs
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.store.rows import config_row, trial_from_row
from gensweep.orchestrator.store.schemas import CONFIG
from gensweep.orchestrator.sweep import Override
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.labels import label
from gensweep.trainables.registry import TRAINABLES, trial_from_config
from gensweep.trainables.trial import Trial

THEORY = [name for name in TRAINABLES if name not in ("classifier", "noop")]

TWO_KINDS = """
name = "both"
seeds = [0, 1]

[defaults]
dataset = "digits"
epochs = 3

[[grid]]
model = "mlp_1x512"

[[grid]]
trainable = "min_norm"
feeds = ["claim_d"]
n = [20, 30]
"""


def planned(text: str, *overrides: Override) -> list[Trial]:
    return [p.trial for p in plan(parse_spec(text, "a.toml", overrides))]


def problems(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        plan(parse_spec(text, "a.toml"))
    return str(caught.value)


def made(name: str, seed: int = 0) -> Trial:
    return trial_from_config(name, {"seed": seed})


def drawn(name: str, seed: int = 0) -> Trial:
    """One in which the seed decides something; a kernel of all examples draws none."""
    return trial_from_config(name, {"seed": seed, **({"n": 20} if name == "kernel" else {})})


def test_grids_of_several_trainables_stand_in_one_file() -> None:
    trials = planned(TWO_KINDS)
    assert [(t.trainable, t.seed) for t in trials] == [
        ("classifier", 0),
        ("classifier", 1),
        *(("min_norm", seed) for seed in (0, 0, 1, 1)),
    ]
    assert {t.dataset for t in trials} == {"digits"}
    assert sorted({t.settings()["n"] for t in trials[2:]}) == [20, 30]


def test_defaults_apply_as_far_as_a_trainable_has_such_fields() -> None:
    only = TWO_KINDS[: TWO_KINDS.index("[[grid]]")] + '[[grid]]\ntrainable = "min_norm"\n'
    assert "unknown key 'epochs'" in problems(only)
    assert all(isinstance(t, TRAINABLES["min_norm"].config) for t in planned(TWO_KINDS)[2:])


def test_a_set_value_applies_to_the_grids_that_have_the_field() -> None:
    trials = planned(TWO_KINDS, Override("n", 25), Override("batch_size", 7))
    assert {t.settings().get("n") for t in trials} == {None, 25}
    networks = [t for t in trials if isinstance(t, ClassifierTrial)]
    assert [t.batch_size for t in networks] == [7, 7]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("randomisation = 1", "unknown key 'randomisation'"),
        ('regularizer = "none"', "unknown key 'regularizer'"),
        ('n = "many"', "'many' is not valid; a whole number"),
        ("n = []", "is an empty list"),
    ],
)
def test_a_mistake_in_a_grid_of_the_theory_is_found(line: str, said: str) -> None:
    text = TWO_KINDS.replace("n = [20, 30]", line)
    assert said in problems(text)


@pytest.mark.parametrize("value", ['"kernels"', "3", "[]", '"noop"'])
def test_a_trainable_that_is_none_is_an_error_that_lists_them(value: str) -> None:
    said = problems(TWO_KINDS.replace('"min_norm"', value))
    assert "a.toml:" in said
    assert "unknown trainable" in said
    assert ", ".join(["classifier", *THEORY]) in said


@pytest.mark.parametrize("name", THEORY)
def test_a_trial_of_the_theory_is_frozen_and_made_again_from_its_row(name: str) -> None:
    trial = made(name, seed=3)
    row = config_row(trial)
    assert trial_from_row(row) == trial
    assert hash(trial_from_row(row)) == hash(trial)
    assert set(row) <= set(CONFIG.names)
    assert json.loads(row["theory_settings"]) == trial.settings()
    assert row["regularizer"] is None
    with pytest.raises(FrozenInstanceError):
        trial.seed = 4


@pytest.mark.parametrize("name", THEORY)
def test_every_field_of_the_theory_has_a_default_and_the_identity_leaves_it_out(name: str) -> None:
    assert made(name).config() == {}
    assert {"dataset", "seed"} <= {f.name for f in fields(TRAINABLES[name].config)}  # type: ignore[arg-type]
    ids = {made(kind).trial_id for kind in THEORY}
    assert len(ids) == len(THEORY)


@pytest.mark.parametrize("name", THEORY)
def test_trials_of_the_theory_run_alone_the_longest_first(name: str) -> None:
    trials = [drawn(name, seed) for seed in range(3)]
    assert packs(trials, lambda trial: 5, 1) == [(trial,) for trial in trials]
    assert trials[0].cost > 0
    order = in_order([*trials, ClassifierTrial(model="inception", epochs=10**6)])
    assert isinstance(order[0], ClassifierTrial)


@pytest.mark.parametrize("name", THEORY)
def test_a_label_says_what_a_trial_is(name: str) -> None:
    said = label(drawn(name, seed=7))
    assert said.endswith(", seed 7")
    assert said not in {label(drawn(other, seed=7)) for other in THEORY if other != name}
