"""The sweep files are the paper's experiments, all of them and nothing else."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.plan import PlannedTrial, plan
from gensweep.orchestrator.spec import read_spec
from gensweep.orchestrator.sweep import Override, SweepSpec
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.randomizations import RANDOMIZATIONS

FOLDER = Path(__file__).resolve().parent.parent / "sweeps"
FILES = sorted(FOLDER.glob("*.toml"))
PAPER = ["figure_1", "table_1", "table_4", "figure_2b"]
MODELS = ("inception", "alexnet", "mlp_3x512", "mlp_1x512")
P = [i / 10 for i in range(11)]
FEEDS = ("figure_1a", "figure_1b", "figure_1c")

pytestmark = pytest.mark.usefixtures("forget_datasets")
each_file = pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)


@cache
def pictures() -> str:
    """A folder of images, of which none is looked at."""
    folder = tempfile.mkdtemp(prefix="gensweep-")
    atexit.register(shutil.rmtree, folder)
    for split, kind, n in product(("train", "test"), "ab", range(50)):
        image = Path(folder, split, kind, f"{n}.jpg")
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    return folder


def spec_of(name: str) -> SweepSpec:
    own = [Override("dataset.pictures.folder", pictures())] if name == "images_quick" else []
    return read_spec(FOLDER / f"{name}.toml", own)


def planned(name: str) -> list[PlannedTrial]:
    return plan(spec_of(name))


def trials(name: str) -> Counter[Any]:
    return Counter(p.trial for p in planned(name))


def cells(name: str) -> Counter[tuple[str, bool, str, str]]:
    """How many seeds each cell of a table has."""
    return Counter(
        (p.trial.model, p.trial.batch_norm, p.trial.randomization, p.trial.regularizer)
        for p in planned(name)
    )


def augmented_random_labels(trial: ClassifierTrial) -> bool:
    augmented = trial.crop or trial.flip or bool(trial.rotation)
    return augmented and trial.randomization == "random_labels"


def test_there_are_the_sweeps_of_the_paper_and_a_first_one() -> None:
    assert {*PAPER, "full_paper", "quickstart"} <= {file.stem for file in FILES}


@each_file
def test_a_sweep_opens_with_the_command_that_runs_it(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert lines[0] == f"# gensweep launch sweeps/{file.name}"
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert len(" ".join(comment[1:])) > 80  # what it reproduces, and how long that takes
    assert re.search(r"time|minutes|hour", " ".join(comment))


@each_file
def test_a_sweep_is_named_like_its_file_and_has_every_trial_once(file: Path) -> None:
    spec = spec_of(file.stem)
    found = plan(spec)
    assert spec.name == file.stem
    assert found
    assert len({p.trial.trial_id for p in found}) == len(found)


@each_file
def test_a_number_of_trials_that_is_promised_is_right(file: Path) -> None:
    promised = re.findall(r"(\d+) trials", file.read_text().split("name =")[0])
    assert all(int(number) == len(planned(file.stem)) for number in promised)


@pytest.mark.parametrize("name", PAPER)
def test_the_sweeps_of_the_paper_promise_a_number_of_trials(name: str) -> None:
    assert f"{len(planned(name))} trials" in (FOLDER / f"{name}.toml").read_text()


@pytest.mark.parametrize("name", [*PAPER, "full_paper"])
def test_the_paper_is_cifar10_with_three_seeds_and_its_learning_rates(name: str) -> None:
    found = [p.trial for p in planned(name)]
    assert {t.dataset for t in found} == {"cifar10"}
    assert {t.lr for t in found if t.model == "inception"} <= {0.1}
    assert {t.lr for t in found if t.model != "inception"} <= {0.01}
    assert {(t.momentum, t.batch_size, t.precision) for t in found} == {(0.9, 128, "fp32")}
    per_seed = Counter(t.seed for t in found)
    assert set(per_seed) == {0, 1, 2}
    assert len(set(per_seed.values())) == 1


@pytest.mark.parametrize("name", [*PAPER, "full_paper"])
def test_augmented_random_labels_train_longer_with_a_slower_decay(name: str) -> None:
    found = [p.trial for p in planned(name)]
    slow = [t for t in found if augmented_random_labels(t)]
    rest = [t for t in found if not augmented_random_labels(t)]
    assert {t.lr_decay for t in rest} == {0.95}
    assert {t.epochs for t in rest} == {t.epochs for t in trials("table_1")} == {100}
    assert {t.lr_decay for t in slow} <= {0.999}
    assert all(t.epochs > max(r.epochs for r in rest) for t in slow)
    assert bool(slow) == (name in ("table_4", "full_paper"))


def test_the_full_paper_is_the_union_of_its_parts() -> None:
    parts = [trials(name) for name in PAPER]
    assert set(trials("full_paper")) == set().union(*parts)
    assert set(trials("full_paper").values()) == {1}


def test_the_full_paper_serves_what_its_parts_serve() -> None:
    feeds: dict[str, set[str]] = {}
    for name in PAPER:
        for p in planned(name):
            feeds.setdefault(p.trial.trial_id, set()).update(p.feeds)
    assert {p.trial.trial_id: set(p.feeds) for p in planned("full_paper")} == feeds


def test_figure_1_has_five_kinds_of_data_and_three_models_over_p() -> None:
    feeds = {feed: [p.trial for p in planned("figure_1") if feed in p.feeds] for feed in FEEDS}
    assert Counter((t.model, t.randomization) for t in feeds["figure_1a"]) == {
        ("inception", rule): 3 for rule in RANDOMIZATIONS if rule != "partial_labels"
    }
    over_p = {(m, p): 3 for m in ("inception", "alexnet", "mlp_1x512") for p in P}
    assert Counter((t.model, t.corruption) for t in feeds["figure_1b"]) == over_p
    assert feeds["figure_1b"] == feeds["figure_1c"]
    assert {p.trial.regularizer for p in planned("figure_1")} == {"none"}
    assert all(p.feeds for p in planned("figure_1"))


def test_table_1_has_the_19_cells_of_the_paper() -> None:
    expected = {
        *(("inception", True, "true_labels", r) for r in ("crop+wd", "crop", "wd", "none")),
        *(("alexnet", False, "true_labels", r) for r in ("crop+wd", "crop", "wd", "none")),
        *(("inception", False, "true_labels", r) for r in ("wd", "none")),
        *(("mlp_3x512", False, "true_labels", r) for r in ("wd", "none")),
        *(("mlp_1x512", False, "true_labels", r) for r in ("wd", "none")),
        ("inception", True, "random_labels", "none"),
        *((m, False, "random_labels", "none") for m in MODELS),
    }
    assert len(expected) == 19
    assert cells("table_1") == dict.fromkeys(expected, 3)


def test_table_4_has_the_6_cells_of_the_paper() -> None:
    expected = {
        *((m, m == "inception", "random_labels", "wd") for m in MODELS),
        ("inception", True, "random_labels", "crop"),
        ("inception", True, "random_labels", "flip+rotation"),
    }
    assert cells("table_4") == dict.fromkeys(expected, 3)
    assert {p.trial.rotation for p in planned("table_4")} == {0.0, 25.0}


def test_imagenet_has_the_7_rows_of_table_2_and_the_curves_of_figure_2a() -> None:
    expected = {
        ("true_labels", "crop+flip+wd+dropout+color"): ("table_2", "figure_2a"),
        ("true_labels", "crop+flip+color"): ("table_2", "figure_2a"),
        ("true_labels", "wd"): ("table_2", "figure_2a"),
        ("true_labels", "none"): ("table_2", "figure_2a"),
        ("random_labels", "wd+dropout"): ("table_2",),
        ("random_labels", "wd"): ("table_2",),
        ("random_labels", "none"): ("table_2",),
    }
    found = planned("imagenet")
    assert {(p.trial.randomization, p.trial.regularizer): p.feeds for p in found} == expected
    assert len(found) == 7
    recipe = {("inception_v3", "imagenet", "rmsprop", 0.9, 1.0, 0.1, 0.4)}
    assert recipe == {
        (t.model, t.dataset, t.optimizer, t.beta2, t.epsilon, t.label_smoothing, t.aux_weight)
        for t in (p.trial for p in found)
    }


def test_imagenet_decays_its_rate_every_second_epoch() -> None:
    (first, *_) = (p.trial for p in planned("imagenet"))
    rates = [first.lr_in(epoch) for epoch in (1, 2, 3, 4, 5)]
    assert rates == pytest.approx([0.045, 0.045, 0.0423, 0.0423, 0.039762])


def test_the_quick_images_fit_true_and_random_labels() -> None:
    found = [p.trial for p in planned("images_quick")]
    assert {(t.randomization, t.regularizer) for t in found} >= {
        ("true_labels", "none"),
        ("random_labels", "none"),
    }
    assert {(t.model, t.input_size, t.stop) for t in found} == {("inception_v3", 75, "fit")}


def test_the_weight_decay_is_one_and_the_same() -> None:
    assert {p.trial.weight_decay for p in planned("full_paper")} == {0.0, 5e-4}


def test_figure_2b_has_inception_with_and_without_batch_normalization() -> None:
    expected = {("inception", with_norm, "true_labels", "none"): 3 for with_norm in (True, False)}
    assert cells("figure_2b") == expected


def test_the_quickstart_shows_the_phenomenon_without_a_download() -> None:
    found = [p.trial for p in planned("quickstart")]
    assert not any(DATASETS[t.dataset].prepared for t in found)
    assert {(t.model, t.randomization) for t in found if t.regularizer == "none"} == {
        (model, rule) for model in MODELS for rule in RANDOMIZATIONS
    }
    regularized = Counter((t.model, t.randomization) for t in found if t.regularizer != "none")
    models = {"alexnet", "mlp_3x512", "mlp_1x512"}  # the small ones; Inception takes its time
    assert set(regularized) >= {(m, r) for m in models for r in ("true_labels", "random_labels")}
    assert {rule for _, rule in regularized} == {"true_labels", "random_labels"}


@each_file
def test_a_ratio_to_true_labels_can_be_told_for_every_trial(file: Path) -> None:
    """Every randomized trial has its counterpart, but for those of table 4 and its longer runs."""
    found = [t for p in planned(file.stem) if isinstance(t := p.trial, ClassifierTrial)]
    truths = {key(t) for t in found if t.randomization == "true_labels"}
    without = {t.regularizer for t in found if key(t) not in truths}
    if file.stem == "table_4":
        assert not truths
    else:
        longer = {  # random labels alone decide what they are run for, or are in the paper
            "cifar10_convnets": {"wd"},
            "imagenet": {"wd+dropout"},
        }
        assert without <= {"crop", "flip+rotation"} | longer.get(file.stem, set())


def key(trial: ClassifierTrial) -> tuple[object, ...]:
    return trial.model, trial.batch_norm, trial.regularizer, trial.lr, trial.lr_decay, trial.seed
