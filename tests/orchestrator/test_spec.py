"""A correct sweep file is read as it is written, and the more specific setting wins."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.spec import parse_spec, read_spec
from gensweep.orchestrator.sweep import Grid
from gensweep.trainables.errors import GensweepError

FIGURE = """\
# a comment
name = "figure_1-b"
seeds = [0, 3]

[defaults]
dataset = "cifar10"
epochs = 40
lr = 1

[model.inception]
lr = 0.1

[regularizer.crop_wd]
crop = true
weight_decay = 5e-4

[[grid]]
feeds = ["figure_1b", "figure_1c"]
model = ["inception", "mlp_1x512"]
randomization = ["partial_labels"]
corruption = [0.0, 0.5, 1]
regularizer = ["none", "crop_wd"]

[[grid]]
model = "alexnet"
flip = [true, false]

[resources]
cpu = 2
gpu = 0.25
device = "cuda"
"""


def test_a_correct_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "figure.toml"
    path.write_text(FIGURE, encoding="utf-8")
    spec = read_spec(path)
    assert spec.name == "figure_1-b"
    assert spec.seeds == [0, 3]
    assert spec.defaults == {"dataset": "cifar10", "epochs": 40, "lr": 1}
    assert spec.models == {"inception": {"lr": 0.1}}
    assert spec.regularizers == {"crop_wd": {"crop": True, "weight_decay": 5e-4}}
    assert spec.grids == [
        Grid(
            {
                "model": ["inception", "mlp_1x512"],
                "randomization": ["partial_labels"],
                "corruption": [0.0, 0.5, 1],
                "regularizer": ["none", "crop_wd"],
            },
            ["figure_1b", "figure_1c"],
            ("grid", 0),
        ),
        Grid({"model": ["alexnet"], "flip": [True, False]}, [], ("grid", 1)),
    ]
    assert spec.resources == Resources(cpu=2, gpu=0.25, device="cuda")
    assert spec.source == str(path)


def test_only_a_name_and_a_grid_with_a_model_are_needed() -> None:
    spec = parse_spec('name = "a"\n[[grid]]\nmodel = "mlp_1x512"\n', "a.toml")
    assert (spec.seeds, spec.defaults, spec.models, spec.regularizers) == ([0], {}, {}, {})
    assert spec.resources == Resources(cpu=1.0, gpu=0.0, device="auto")
    chosen = (spec.resources.engine, spec.resources.compile, spec.resources.pack)
    assert chosen == ("auto", False, "auto")
    (planned,) = plan(spec)
    assert (planned.trial.model, planned.trial.seed, planned.feeds) == ("mlp_1x512", 0, ())


def test_the_model_may_stand_in_the_defaults() -> None:
    text = 'name = "a"\n[defaults]\nmodel = "resnet18"\n[model.resnet18]\nlr = 0.5\n[[grid]]\n'
    (planned,) = plan(parse_spec(text, "a.toml"))
    assert (planned.trial.model, planned.trial.lr) == ("resnet18", 0.5)


@given(levels=st.sets(st.sampled_from(["defaults", "model", "regularizer", "grid"])))
def test_a_grid_wins_over_a_regularizer_over_a_model_over_the_defaults(levels: set[str]) -> None:
    lr = {"defaults": 0.125, "model": 0.25, "regularizer": 0.5, "grid": 1.0}

    def line(level: str) -> str:
        return f"lr = {lr[level]}" if level in levels else ""

    text = f"""
name = "a"
[defaults]
{line("defaults")}
[model.mlp_1x512]
{line("model")}
[regularizer.wd]
{line("regularizer")}
[[grid]]
model = ["mlp_1x512", "alexnet"]
regularizer = ["wd", "none"]
{line("grid")}
"""
    found = [(p.trial.model, p.trial.lr) for p in plan(parse_spec(text, "a.toml"))]
    expected = set()
    for model in ("mlp_1x512", "alexnet"):
        for regularizer in (True, False):
            value = 0.01
            if "defaults" in levels:
                value = 0.125
            if "model" in levels and model == "mlp_1x512":
                value = 0.25
            if "regularizer" in levels and regularizer:
                value = 0.5
            if "grid" in levels:
                value = 1.0
            expected.add((model, value))
    assert set(found) == expected
    assert len(found) == len(expected)  # equal trials are one


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_spec(tmp_path / "no.toml")
    assert str(caught.value) == f"{tmp_path / 'no.toml'}: no such sweep file"


@pytest.mark.parametrize("kind", ["folder", "bytes"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sweep.toml"
    path.mkdir() if kind == "folder" else path.write_bytes(b"name = '\xff'")
    with pytest.raises(SpecError, match="cannot be read") as caught:
        read_spec(path)
    assert str(caught.value).startswith(f"{path}:")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "a"\nseeds = [0\n[[grid]]\n', 3),
        ('name = "a"\n\nseeds =\n', 3),
        ('name = "a"\nname = "b"\n', 2),
        ('name = "a"\n[[grid]]\nmodel = "x', 3),
        ('name = "a"\n[defaults\n', 2),
    ],
)
def test_what_is_not_toml_is_an_error_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "a.toml")
    (problem,) = caught.value.problems
    assert problem.where == f"a.toml:{line}"
    assert problem.what.startswith("not TOML: ")
    assert "(at" not in problem.what


def test_a_spec_error_crosses_process_borders_whole() -> None:
    error = SpecError([GensweepError("a.toml:1", "wrong"), GensweepError("a.toml:2", "worse")])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
