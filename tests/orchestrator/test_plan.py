"""A plan has every trial of a sweep once, always in the same order, and costs nothing to make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.cli.sweeps import MAX_TRIALS
from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.plan import MOST_TRIALS, PlannedTrial, plan
from gensweep.orchestrator.spec import parse_spec
from gensweep.orchestrator.sweep import Grid, SweepSpec

MODELS = ["inception", "alexnet", "mlp_1x512"]
RULES = ["true_labels", "partial_labels", "random_labels", "gaussian"]
BUNDLES: dict[str, dict[str, Any]] = {"wd": {"weight_decay": 0.5}, "crop": {"crop": True}}


def some(*values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


GRIDS = st.fixed_dictionaries(
    {"model": some(*MODELS)},
    optional={
        "randomization": some(*RULES),
        "corruption": some(0.0, 0.25, 0.5, 1.0, 1),
        "regularizer": some("none", *BUNDLES),
        "lr": some(0.1, 0.2),
    },
)


def one_by_one(seeds: Sequence[int], axes: dict[str, list[Any]]) -> set[tuple[Any, ...]]:
    """What decides a trial of a grid, by nested loops and the definitions of the paper."""
    trials = set()
    for seed in seeds:
        for model in axes["model"]:
            for rule in axes.get("randomization", ["true_labels"]):
                for p in axes.get("corruption", [0.0]):
                    for bundle in axes.get("regularizer", ["none"]):
                        for lr in axes.get("lr", [0.01]):
                            redrawn = {"partial_labels": float(p), "random_labels": 1.0}.get(
                                rule, 0
                            )
                            what = rule if rule == "gaussian" else "labels"
                            trials.add((seed, model, what, redrawn, bundle, lr))
    return trials


def decides(planned: PlannedTrial) -> tuple[Any, ...]:
    trial = planned.trial
    what = "labels" if trial.randomization.endswith("_labels") else trial.randomization
    return trial.seed, trial.model, what, trial.corruption, trial.regularizer, trial.lr


@given(seeds=some(0, 1, 2), grids=st.lists(GRIDS, min_size=1, max_size=3))
def test_a_plan_is_the_union_of_its_cross_products_each_trial_once(
    seeds: list[int], grids: list[dict[str, list[Any]]]
) -> None:
    spec = SweepSpec("made", seeds, [Grid(axes) for axes in grids], regularizers=BUNDLES)
    found = [decides(planned) for planned in plan(spec)]
    assert len(found) == len(set(found))
    assert set(found) == set().union(*(one_by_one(seeds, axes) for axes in grids))


def parse(text: str) -> list[PlannedTrial]:
    return plan(parse_spec(f'name = "made"\n{text}', "a.toml"))


FIGURE_1 = """
seeds = [0, 1, 2]
[[grid]]
feeds = ["figure_1a"]
model = "inception"
randomization = ["true_labels", "random_labels", "shuffled_pixels", "random_pixels", "gaussian"]
[[grid]]
feeds = ["figure_1b", "figure_1c"]
model = ["inception", "alexnet", "mlp_1x512"]
randomization = "partial_labels"
corruption = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
"""


def test_figure_1_has_the_trials_of_the_paper() -> None:
    # 5 randomizations and 3 models x 11 corruptions, of which Inception's 0 and 1 are the same.
    assert len(parse(FIGURE_1)) == 3 * (5 + 3 * 11 - 2)


def test_partial_labels_at_0_and_1_are_true_and_random_labels_and_serve_all_their_feeds() -> None:
    shared = {
        p.trial.randomization: tuple(p.feeds)
        for p in parse(FIGURE_1)
        if p.trial.model == "inception" and p.trial.seed == 0 and p.trial.corruption in (0.0, 1.0)
    }
    everything = ("figure_1a", "figure_1b", "figure_1c")
    assert shared["true_labels"] == shared["random_labels"] == everything
    assert shared["gaussian"] == ("figure_1a",)
    assert "partial_labels" not in shared


def test_feeds_of_equal_trials_are_united_in_the_order_of_the_file_without_doubles() -> None:
    grid = '[[grid]]\nfeeds = [{}]\nmodel = "alexnet"\n'
    feeds = ['"b", "a"', "", '"a", "c"', '"b"']
    (planned,) = parse("".join(grid.format(f) for f in feeds))
    assert tuple(planned.feeds) == ("b", "a", "c")


def test_only_partial_labels_heed_the_corruption_axis() -> None:
    text = '[[grid]]\nmodel = "alexnet"\nrandomization = ["random_pixels", "partial_labels"]\n'
    planned = parse(text + "corruption = [0.25, 0.5, 0.75]\n")
    assert sorted((p.trial.randomization, p.trial.corruption) for p in planned) == [
        ("partial_labels", 0.25),
        ("partial_labels", 0.5),
        ("partial_labels", 0.75),
        ("random_pixels", 0.0),
    ]


def test_trials_stand_in_the_order_of_the_grids_and_their_axes() -> None:
    text = """
[[grid]]
model = "alexnet"
[[grid]]
lr = [0.2, 0.1]
model = ["mlp_1x512", "inception"]
"""
    assert [(p.trial.model, p.trial.lr) for p in parse(text)] == [
        ("alexnet", 0.01),
        ("mlp_1x512", 0.2),
        ("inception", 0.2),
        ("mlp_1x512", 0.1),
        ("inception", 0.1),
    ]


def test_a_sweep_that_grows_keeps_its_trials() -> None:
    before = parse(FIGURE_1)
    grown = FIGURE_1.replace("[0, 1, 2]", "[0, 1, 2, 3]") + '[[grid]]\nmodel = "resnet18"\n'
    after = parse(grown)
    assert {p.trial.trial_id for p in before} < {p.trial.trial_id for p in after}


LIGHT = """
import json, sys
import gensweep.orchestrator.plan, gensweep.orchestrator.spec, gensweep.orchestrator.store
from pathlib import Path
planned = gensweep.orchestrator.plan.plan(gensweep.orchestrator.spec.read_spec(Path(sys.argv[1])))
heavy = [name for name in ("torch", "torchvision", "ray", "duckdb") if name in sys.modules]
print(json.dumps([heavy, [p.trial.trial_id for p in planned]]))
"""


def test_planning_loads_neither_torch_nor_ray_and_is_the_same_in_every_process(
    tmp_path: Path,
) -> None:
    path = tmp_path / "figure_1.toml"
    path.write_text('name = "figure_1"\n' + FIGURE_1)
    here = [p.trial.trial_id for p in parse(FIGURE_1)]
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", LIGHT, str(path)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == [[], here]


def test_billions_of_trials_are_refused_before_any_is_made() -> None:
    fractions = ", ".join(f"0.{number:04}" for number in range(1, 1501))
    sizes = ", ".join(map(str, range(1, 1501)))
    lists = f"lr = [{fractions}]\nmomentum = [{fractions}]\nbatch_size = [{sizes}]\n"
    text = f'name = "a"\n[[grid]]\nmodel = "alexnet"\n\n[[grid]]\nmodel = "alexnet"\n{lists}'
    spec = parse_spec(text, "a.toml")
    started = time.process_time()
    with pytest.raises(SpecError) as caught:
        plan(spec)
    assert time.process_time() < started + 0.1
    assert str(caught.value) == (
        "a.toml:5: grid: there are 3375000001 trials in all grids, most of them in this one; "
        "at most 1000000; --max-trials N allows more"
    )


def test_the_limit_of_trials_can_be_raised_and_lowered() -> None:
    text = 'name = "a"\nseeds = [0, 1, 2]\n[[grid]]\nmodel = "alexnet"\n'
    assert len(plan(parse_spec(text, "a.toml"), most=3)) == 3
    with pytest.raises(SpecError, match="there are 3 trials"):
        plan(parse_spec(text, "a.toml"), most=2)


def test_commands_and_planning_have_one_limit() -> None:
    assert MAX_TRIALS == MOST_TRIALS
