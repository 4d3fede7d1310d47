"""A figure's points are the means of the trials' rows, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean, median, stdev
from typing import Any

import pytest
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.figures.points import points_table, refuse_empty
from gensweep.analysis.figures.registry import FIGURES, full_name, make_figure
from gensweep.analysis.questions.convergence import convergence_table
from gensweep.analysis.tables.figure import Curve, Figure
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
THEORY = ("residuals", "minimum_norm", "kernel_error")  # of trials that train no network


def figure(store: Store, name: str) -> Figure:
    with Database(store.root) as db:
        return make_figure(db, name)


def curves(found: Figure) -> dict[str, Curve]:
    return {c.name: c for panel in found.panels for c in panel.curves}


def interval(values: Sequence[float]) -> tuple[float, float]:
    half = stats.t.ppf(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5
    return mean(values) - half, mean(values) + half


def is_mean(curve: Curve, index: int, values: Sequence[float]) -> bool:
    assert curve.low is not None
    assert curve.high is not None
    found = curve.low[index], curve.y[index], curve.high[index]
    low, high = interval(values)
    return found == pytest.approx((low, mean(values), high), rel=1e-5)


def test_losses_are_means_over_seeds_until_the_first_of_them_ends(
    store: Store, write: Write
) -> None:
    losses = [(2.0, 1.5, 1.0), (2.5, 0.5), (3.0, 1.0, 0.25)]
    for seed, each in enumerate(losses):
        write(store, [0.5] * len(each), losses=each, seed=seed)
    write(store, (0.5,), losses=(9.0,), randomization="gaussian")
    found = curves(figure(store, "1a"))
    assert list(found) == ["true labels", "gaussian"]
    curve = found["true labels"]
    assert curve.x == pytest.approx([0.004, 0.008])
    assert is_mean(curve, 0, (2.0, 2.5, 3.0))
    assert is_mean(curve, 1, (1.5, 0.5, 1.0))
    assert found["gaussian"].low is None


def test_losses_have_a_panel_per_model_that_has_something_to_compare(
    store: Store, write: Write
) -> None:
    for model in ("mlp_1x512", "inception"):
        for rule in ("gaussian", "true_labels", "random_labels"):
            write(store, (0.5,), model=model, randomization=rule)
    write(store, (0.5,), model="alexnet")
    write(store, (0.5,), model="inception", weight_decay=0.5)
    write(store, (0.5,), model="inception", corruption=0.5)
    panels = figure(store, "1a").panels
    assert [panel.title for panel in panels] == ["inception, cifar10", "mlp_1x512, cifar10"]
    for panel in panels:
        assert [c.name for c in panel.curves] == ["true labels", "random labels", "gaussian"]


def at_epoch(epoch: int, of: int = 8) -> list[float]:
    """Training errors that are 0 from an epoch on."""
    return [0.5 if number < epoch else 0.0 for number in range(1, of + 1)]


def test_convergence_times_are_medians_relative_to_the_same_seed_on_true_labels(
    store: Store, write: Write
) -> None:
    fits = {0.0: (2, 1, 4), 0.5: (4, 3, 4), 1.0: (8, 5, 6)}
    for p, epochs in fits.items():
        for seed, epoch in enumerate(epochs):
            write(store, at_epoch(epoch), corruption=p, seed=seed, epochs=8)
    (panel,) = figure(store, "1b").panels
    (curve,) = panel.curves
    assert panel.y.label == "epochs to training error 0 (true labels = 1)"
    assert (curve.name, list(curve.x)) == ("mlp_1x512", [0.0, 0.5, 1.0])
    assert curve.y == [1.0, median((4 / 2, 3 / 1, 4 / 4)), median((8 / 2, 5 / 1, 6 / 4))]
    assert not any(curve.hollow or ())


def test_a_time_that_too_few_reached_is_a_lower_bound_without_an_interval(
    store: Store, write: Write
) -> None:
    for seed in (0, 1):
        write(store, at_epoch(2), corruption=0.0, seed=seed)
        write(store, at_epoch(4), corruption=0.5, seed=seed)
    write(store, at_epoch(6), corruption=1.0, seed=0)
    write(store, [0.5] * 8, corruption=1.0, seed=1)
    found = figure(store, "1b")
    (curve,) = found.panels[0].curves
    assert curve.at_least
    assert list(curve.hollow or ()) == [False, False, True]
    assert curve.y == pytest.approx([1.0, 2.0, (6 / 2 + 8 / 2) / 2])
    assert list(curve.low or ()) == [None, 2.0, None]
    assert list(curve.high or ()) == [None, None, None]  # which two seeds cannot tell
    assert "mlp_1x512: too few seeds got there at p = 1: lower bounds" in found.notes


def test_a_seed_that_diverged_never_gets_there(store: Store, write: Write) -> None:
    for seed in (0, 1, 2):
        for p in (0.0, 0.5):
            write(store, at_epoch(2), corruption=p, seed=seed)
        status = "done" if seed == 0 else "diverged"
        write(store, at_epoch(4) if seed == 0 else [0.5], corruption=1.0, seed=seed, status=status)
    (curve,) = figure(store, "1b").panels[0].curves
    assert list(curve.hollow or ()) == [False, False, True]
    assert curve.y[2] == pytest.approx(2.0)  # the one that got there, of three: at least as long


def test_the_median_is_that_of_the_convergence_table(store: Store, write: Write) -> None:
    for p in (0.0, 0.5, 1.0):
        for seed in range(8):
            write(store, at_epoch(2 + round(2 * p) + seed % 3), corruption=p, seed=seed)
    (curve,) = figure(store, "1b").panels[0].curves
    with Database(store.root) as db:
        table = sorted(convergence_table(db).records(), key=lambda r: r["corruption"])
    assert curve.low is not None
    assert curve.high is not None
    for column, of_curve in (("ratio", curve.y), ("ratio_low", curve.low)):
        assert list(of_curve)[1:] == [r[column] for r in table][1:]
    assert (curve.low[0], curve.high[0]) == (None, None)


@pytest.mark.parametrize(
    ("least", "label"),
    [(0.0, "training error 0"), (0.0005, "training error ≤ 0.1 %"), (0.01, "≤ 1 %")],
)
def test_all_curves_of_a_panel_keep_to_the_finest_threshold_that_the_most_points_reach(
    store: Store, write: Write, least: float, label: str
) -> None:
    for p in (0.0, 0.5, 1.0):
        write(store, (0.5, 0.0), corruption=p)
        write(store, (0.5, 0.25, least), corruption=p, model="alexnet")
    (panel,) = figure(store, "1b").panels
    assert label in panel.y.label
    assert {c.name: list(c.hollow or ()) for c in panel.curves} == dict.fromkeys(
        ("alexnet", "mlp_1x512"), [False] * 3
    )


def test_what_did_not_fit_true_labels_has_no_relative_time(store: Store, write: Write) -> None:
    for p in (0.0, 0.5, 1.0):
        write(store, (0.5, 0.25), corruption=p)
    found = figure(store, "1b")
    assert found.empty
    with pytest.raises(QueryError, match=r"figure_1b: there is nothing to draw; it needs trials"):
        refuse_empty(found)


def test_seeds_that_diverged_have_no_test_error_and_are_named(store: Store, write: Write) -> None:
    for p in (0.0, 0.5, 1.0):
        write(store, (0.5, 0.0), test_errors=(1, 0.25), corruption=p)
    for seed in (1, 2):
        write(store, [0.5], "diverged", corruption=0.5, seed=seed)
        write(store, [0.5], "diverged", corruption=0.75, seed=seed)
    found = figure(store, "1c")
    curve = curves(found)["mlp_1x512"]
    assert (list(curve.x), list(curve.y)) == ([0.0, 0.5, 0.75, 1.0], [25.0, 25.0, None, 25.0])
    assert (
        "mlp_1x512: diverged, and left out: 2 of 3 seeds at p = 0.5, 2 of 2 seeds at p = 0.75"
        in found.notes
    )


def test_test_errors_are_those_at_training_error_0_or_else_at_the_end_which_is_marked(
    store: Store, write: Write
) -> None:
    write(store, (0.5, 0.0, 0.0), test_errors=(0.5, 0.25, 0.75))
    for seed, test in enumerate((0.5, 0.625)):
        write(store, (0.5, 0.0, 0.0), test_errors=(1, test, 1), corruption=0.5, seed=seed)
    write(store, (0.5, 0.0, 0.5), test_errors=(1, 0.75, 1), corruption=1.0, seed=0)
    write(store, (0.5, 0.5, 0.5), test_errors=(0, 0, 0.875), corruption=1.0, seed=1)
    curve = curves(figure(store, "1c"))["mlp_1x512"]
    assert list(curve.hollow or ()) == [False, False, True]
    assert curve.y == pytest.approx([25.0, 56.25, 81.25])
    assert is_mean(curve, 1, (50.0, 62.5))


def test_the_papers_test_errors_stand_beside_the_models_that_are_drawn(
    store: Store, write: Write
) -> None:
    for dataset in ("cifar10", "digits"):
        for p in (0.0, 0.5, 1.0):
            write(store, (0.5, 0.0), corruption=p, dataset=dataset)
            write(store, (0.5, 0.0), corruption=p, dataset=dataset, weight_decay=0.5)
    write(store, (0.5, 0.0), model="alexnet")
    found = figure(store, "1c")
    assert [panel.title for panel in found.panels] == ["cifar10", "digits"]
    paper = [c for panel in found.panels for c in panel.curves if c.source == "paper"]
    assert [(c.name, c.group, c.kind) for c in paper] == [
        ("paper, mlp_1x512", "mlp_1x512", "points")
    ]
    assert dict(zip(paper[0].x, paper[0].y, strict=True)) == pytest.approx(
        {0.0: 100 - 50.51, 1.0: 100 - 10.61}
    )
    assert "paper: table 1 [T], read in a transcription of the paper" in found.notes
    assert "fewer than 3 values of p, not drawn: alexnet on cifar10" in found.notes


def test_batch_normalization_is_compared_where_there_are_both(store: Store, write: Write) -> None:
    for batch_norm in (True, False):
        errors = (0.5, 0.25) if batch_norm else (0.75, 0.5)
        settings = {"model": "inception", "batch_norm": batch_norm}
        write(store, errors, test_errors=(0.5, 0.375), **settings)
        write(store, errors, **settings, randomization="gaussian")
    write(store, (0.5,), model="resnet18")
    found = figure(store, "2b")
    assert [panel.title for panel in found.panels] == ["inception, cifar10"]
    assert {name: list(c.y) for name, c in curves(found).items()} == {
        "with BN: train": [50.0, 75.0],
        "with BN: test": [50.0, 62.5],
        "without BN: train": [25.0, 50.0],
        "without BN: test": [50.0, 62.5],
    }
    assert [c.dashed for c in found.panels[0].curves] == [True, False, True, False]


def test_what_early_stopping_could_gain_is_shaded(store: Store, write: Write) -> None:
    tests = (0.5, 0.25, 0.375)
    write(store, (0.5, 0.5, 0.5), test_errors=tests, dataset="imagenet", weight_decay=0.5)
    write(store, (0.5, 0.5, 0.5), test_errors=tests, dataset="imagenet")
    found = curves(figure(store, "2a"))
    assert list(found)[:3] == ["wd: train", "wd: test", "wd: best test so far"]
    best = found["no regularizer: best test so far"]
    assert list(best.y) == list(best.high or ()) == [50.0, 75.0, 75.0]
    assert list(best.low or ()) == list(found["no regularizer: test"].y) == [50.0, 75.0, 62.5]


def test_figure_2a_is_of_the_dataset_that_has_rows_and_names_augmentation(
    store: Store, write: Write
) -> None:
    augmentation = {"crop": True, "flip": True, "color": True}
    for fields in ({}, augmentation, {**augmentation, "weight_decay": 0.5}):
        write(store, (0.5, 0.25), dataset="imagenet", model="resnet50", **fields)
    write(store, (0.5, 0.25), dataset="digits")  # which table 2 says nothing of
    found = figure(store, "2a")
    assert [panel.title for panel in found.panels] == ["resnet50, imagenet"]
    names = [name.removesuffix(": train") for name in curves(found) if name.endswith(": train")]
    assert names == ["augmentation", "augmentation+wd", "no regularizer"]
    write(store, (0.5, 0.25), dataset="imagenet32", model="inception")
    found = figure(store, "2a")
    assert [panel.title for panel in found.panels] == [
        "resnet50, imagenet",
        "inception, imagenet32",
    ]
    assert "imagenet and imagenet32" in found.title


def test_the_order_of_learning_has_a_panel_per_model_and_p(store: Store, write: Write) -> None:
    parts = {"memorized": (0.125, 0.75), "recovered": (0.5, 0.25)}
    for p in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0):
        write(store, (0.25, 0.125), corruption=p, **(parts if p else {}))
    found = figure(store, "order_of_learning")
    assert [panel.title for panel in found.panels] == [
        f"mlp_1x512, p = {p:g}, cifar10" for p in (0.125, 0.5, 0.75)
    ]
    assert [(c.name, list(c.x), list(c.y)) for c in found.panels[0].curves] == [
        ("unchanged labels, learned", [1, 2], [75.0, 87.5]),
        ("changed labels, memorized", [1, 2], [12.5, 75.0]),
        ("changed labels, truth predicted", [1, 2], [50.0, 25.0]),
    ]
    assert any("more than three values of p" in note for note in found.notes)


DIFFERENT: list[dict[str, Any]] = [{"lr": 0.5}, {"epochs": 9}]


@pytest.mark.parametrize("settings", DIFFERENT, ids=str)
@pytest.mark.parametrize("name", [name for name in FIGURES if name not in THEORY])
def test_what_was_trained_differently_has_a_curve_and_a_name_of_its_own(
    store: Store, write: Write, name: str, settings: dict[str, Any]
) -> None:
    dataset = {"dataset": "imagenet"} if name == "figure_2a" else {}
    parts = {"memorized": (0.5, 0.5), "recovered": (0.5, 0.5)}
    for more in ({}, settings):
        for batch_norm in (True, False):
            for p in (0.0, 0.5, 1.0):
                model = {"model": "inception", "batch_norm": batch_norm, **dataset}
                write(store, (0.5, 0.0), corruption=p, **model, **more, **(parts if p else {}))
    panels = figure(store, name).panels
    every = [(p.title, c.name) for p in panels for c in p.curves if c.source == "ours"]
    assert every
    assert len(set(every)) == len(every)
    (setting,) = settings
    assert sum(setting in " ".join(place) for place in every) == len(every)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_says_its_sql_and_what_it_needs(store: Store, write: Write, name: str) -> None:
    write(store, (0.5,), model="resnet18", status="failed")
    with Database(store.root) as db:
        found = make_figure(db, name)
        assert db.table(found.sql).rows == []
    assert found.empty
    assert found.name == name
    with pytest.raises(QueryError, match=found.needs.split(",")[0]):
        refuse_empty(found)


def test_figures_go_by_the_papers_numbers_too(store: Store) -> None:
    assert full_name("1b") == full_name("figure_1b") == "figure_1b"
    assert full_name("order_of_learning") == "order_of_learning"
    assert full_name("figure_memorization") is None
    with Database(store.root) as db, pytest.raises(QueryError, match="unknown figure '3'; one of"):
        make_figure(db, "3")


def test_points_are_rows_in_the_units_of_the_axes(store: Store, write: Write) -> None:
    for p in (0.0, 0.5, 1.0):
        write(store, (0.5, 0.25), test_errors=(1, p / 2), corruption=p)
    rows = points_table(figure(store, "1c")).records()
    ours = [(r["x"], r["y"], r["low"], r["hollow"]) for r in rows if r["source"] == "ours"]
    assert ours == [(0.0, 0.0, None, True), (0.5, 25.0, None, True), (1.0, 50.0, None, True)]
    assert {r["curve"] for r in rows} == {"mlp_1x512", "paper, mlp_1x512"}
