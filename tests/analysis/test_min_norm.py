"""Linear models in the database: the view, the table, the figure, and the verdict on claim D."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import fmean, stdev
from typing import Any

import pyarrow as pa
import pytest
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.drawing.picture import draw
from gensweep.analysis.figures.registry import make_figure
from gensweep.analysis.questions.min_norm import min_norm_table
from gensweep.analysis.report import SUMMARIES
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import config_row
from gensweep.orchestrator.store.schemas import LIVE
from gensweep.trainables.min_norm.trial import MinNormTrial

Put = Callable[..., MinNormTrial]
STARTED = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def put(store: Store) -> Put:
    """Write a linear regression that went through these distances, one at each step from 0 on.

    What is not said of the last one's bound, of losses and of errors is as of a close fit.
    """

    def write(
        distances: Sequence[float],
        bound: float = 1e-5,
        status: str = "done",
        solution_loss: float = 1e-30,
        **settings: Any,
    ) -> MinNormTrial:
        given = {"features": "whitened", "n": 20, "steps": len(distances) - 1, **settings}
        trial = MinNormTrial(**given)
        over_steps = [
            {"name": name, "value": value, "at": float(step)}
            for step, distance in enumerate(distances)
            for name, value in {
                "distance": distance,
                "distance_to_limit": distance / 2,
                "distance_bound": bound,
                "norm": 3.0,
                "outside": 0.25,
                "outside_moved": 1e-15,
                "train_loss": 1e-9,
                "train_error": 0.0,
                "test_error": 0.25 + trial.seed / 8,
            }.items()
        ]
        once = {
            "features": 64.0,
            "rank": 20.0,
            "condition": 100.0 * (1 + trial.seed),
            "step_size": 0.5,
            "minimum_norm": 2.0,
            "solution_loss": solution_loss,
            "solution_test_error": 0.5,
        }
        row = {
            **config_row(trial),
            "status": status,
            "attempts": 1,
            "started_at": STARTED,
            "finished_at": STARTED,
            "measurements": [
                *over_steps,
                *({"name": name, "value": value, "at": None} for name, value in once.items()),
            ],
        }
        publish_table(
            store.root, store.live_file(trial.trial_id), pa.Table.from_pylist([row], schema=LIVE)
        )
        return trial

    return write


@pytest.fixture
def judged(store: Store) -> Callable[[], dict[str, Any]]:
    def judge() -> dict[str, Any]:
        with Database(store.root) as db:
            query = "from claims where part = 'minimum norm' and dataset = 'digits'"
            (row,) = db.table(query).records()
        return row

    return judge


Judge = Callable[[], dict[str, Any]]


def test_a_row_per_trial_and_step_has_the_settings_and_what_was_measured(
    store: Store, put: Put
) -> None:
    trial = put((1.0, 0.5, 0.125), method="gd", corruption=0.5, seed=1)
    with Database(store.root) as db:
        rows = db.table("from min_norm order by step").records()
    assert [(r["step"], r["distance"]) for r in rows] == [(0, 1.0), (1, 0.5), (2, 0.125)]
    settings = {name: trial.settings()[name] for name in ("method", "n", "corruption", "lr")}
    for row in rows:
        assert {name: row[name] for name in settings} == settings
        assert (row["trial_id"], row["seed"], row["steps"]) == (trial.trial_id, 1, 2)
        assert (row["d"], row["rank"], row["condition"]) == (64, 20, 200.0)
        assert (row["norm"], row["minimum_norm"], row["outside"]) == (3.0, 2.0, 0.25)
        assert row["distance_to_limit"] == row["distance"] / 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"features": "raw"}, "n=20, raw pixels"),
        ({"features": "kernel", "bandwidth": 0.5}, "n=20, kernel 0.5"),
        ({"features": "relu", "d": 64}, "n=20, 64 ReLU features"),
        ({"dataset": "gaussian", "features": "raw", "d": 64}, "n=20, d=64"),
    ],
)
def test_what_the_examples_are_is_said_in_words(
    store: Store, put: Put, settings: dict[str, Any], said: str
) -> None:
    put((1.0, 0.5), **settings)
    with Database(store.root) as db:
        assert db.table("select distinct data from min_norm").rows == [(said,)]


def test_seeds_that_all_came_near_support_the_claim(put: Put, judged: Judge) -> None:
    for seed, distance in enumerate((1e-4, 9e-4, 1e-6)):
        put((1.0, distance), seed=seed)
    row = judged()
    assert (row["verdict"], row["n"], row["supports"]) == ("supported", 3, 1)
    assert "9.0e-04 of its norm away after 1 steps" in row["reason"]
    assert "SGD (batch 1), n=20, whitened pixels" in row["reason"]


def test_what_fitted_its_labels_and_is_far_contradicts_the_claim(put: Put, judged: Judge) -> None:
    put((1.0, 1e-6), method="gd")
    for seed in range(3):
        put((1.0, 0.5 if seed == 2 else 1e-6), bound=1e-4, seed=seed)
    row = judged()
    assert (row["verdict"], row["supports"], row["contradicts"]) == ("contradicted", 1, 1)
    assert "5.0e-01 of its norm away, though the labels are fitted" in row["reason"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"bound": 0.01}, "still 1.1e-03 of its norm away after 1 steps, at condition 1.0e+02"),
        ({"status": "diverged", "lr": 3.0}, "1 of 1 diverged at lr 3"),
        ({"solution_loss": 0.1}, "no weights fit these labels exactly"),
    ],
)
def test_what_has_not_come_so_far_leaves_it_open(
    put: Put, judged: Judge, settings: dict[str, Any], reason: str
) -> None:
    put((1.0, 1.1e-3), **settings)
    row = judged()
    assert (row["verdict"], row["open"]) == ("not enough runs", 1)
    assert reason in row["reason"]


def test_one_seed_that_is_still_on_its_way_leaves_a_setting_open(put: Put, judged: Judge) -> None:
    put((1.0, 1e-6), seed=0)
    put((1.0, 0.1), bound=0.2, seed=1)
    assert (judged()["verdict"], judged()["open"]) == ("not enough runs", 1)


@pytest.mark.parametrize("settings", [{"start": "random"}, {"status": "interrupted"}])
def test_a_random_start_and_what_did_not_end_are_no_evidence(
    store: Store, put: Put, settings: dict[str, Any]
) -> None:
    put((1.0, 0.9), **settings)
    with Database(store.root) as db:
        assert db.table("from claim_d_linear").rows == []


def test_the_last_step_decides(put: Put, judged: Judge) -> None:
    put((1.0, 1e-9, 0.5))
    assert judged()["verdict"] == "contradicted"


def test_the_table_has_means_over_seeds_with_their_intervals(store: Store, put: Put) -> None:
    distances = (1e-4, 3e-4, 8e-4)
    for seed, distance in enumerate(distances):
        put((1.0, 0.5, distance), seed=seed)
    put((1.0, 0.5, 9.0), seed=3, status="interrupted")
    with Database(store.root) as db:
        assert SUMMARIES["min_norm"].applies(db)
        (row,) = min_norm_table(db).records()
    assert (row["seeds"], row["steps"], row["condition"]) == (3, 2, 200.0)
    half = stats.t.ppf(0.975, 2) * stdev(distances) / 3**0.5
    assert row["distance"] == pytest.approx(fmean(distances))
    assert row["distance_interval"] == pytest.approx(half, rel=1e-5)
    assert row["test_error"] == pytest.approx(0.375)
    assert (row["norm"], row["minimum_norm"], row["solution_test_error"]) == (3.0, 2.0, 0.5)


def test_to_a_reader_only_a_random_start_has_a_limit_of_its_own(store: Store, put: Put) -> None:
    for start in ("zero", "random"):
        for lr in (0.5, 1.0):
            put((1.0, 2e-4), start=start, lr=lr, corruption=0.5)
    with Database(store.root) as db:
        table = formatted(min_norm_table(db))
    rows = table.records()
    assert [(r["start"], r["method"], r["to limit"]) for r in rows] == [
        ("zero", "SGD, lr 0.5", ""),
        ("zero", "SGD, lr 1", ""),
        ("random", "SGD, lr 0.5", "1e-04"),
        ("random", "SGD, lr 1", "1e-04"),
    ]
    assert {r["data"] for r in rows} == {"n=20, whitened pixels, p=0.5"}
    assert {(r["distance"], r["test %"]) for r in rows} == {("2e-04", "25.00")}


def test_without_such_trials_there_is_neither_table_nor_verdict(store: Store) -> None:
    with Database(store.root) as db:
        assert not SUMMARIES["min_norm"].applies(db)
        (row,) = db.table("from claims where part = 'minimum norm'").records()
    assert row["verdict"] == "not enough runs"


def figure(store: Store) -> Figure:
    with Database(store.root) as db:
        return make_figure(db, "minimum_norm")


def test_the_figure_has_geometric_means_over_seeds(store: Store, put: Put) -> None:
    for seed, distance in enumerate((1e-2, 1e-4)):
        put((1.0, 0.5, distance), seed=seed)
    (panel,) = figure(store).panels
    assert (panel.x.log, panel.y.log) == (True, True)
    (curve,) = panel.curves
    assert (curve.name, list(curve.x)) == ("SGD from zero", [1, 2])
    assert list(curve.y) == pytest.approx([0.5, 1e-3])
    assert curve.low is not None
    assert curve.low[1] == pytest.approx(10 ** (-3 - stats.t.ppf(0.975, 1)), rel=1e-4)


def test_from_a_random_start_there_is_also_the_distance_from_its_limit(
    store: Store, put: Put
) -> None:
    put((1.0, 0.5, 0.25), start="random")
    put((1.0, 0.5, 0.25), start="zero")
    curves = {c.name: c for c in figure(store).panels[0].curves}
    limit = curves["SGD from a random start: from its limit"]
    assert list(limit.y) == [0.25, 0.125]
    assert limit.dashed
    assert set(curves) == {"SGD from zero", "SGD from a random start", limit.name}


def test_curves_of_other_settings_have_other_names_and_other_data_other_panels(
    store: Store, put: Put
) -> None:
    for settings in ({}, {"lr": 0.5}, {"steps": 2}, {"corruption": 1.0}, {"method": "gd"}):
        put((1.0, 0.5), **settings)
    panels = {p.title: [c.name for c in p.curves] for p in figure(store).panels}
    assert panels.keys() == {"n=20, whitened pixels", "n=20, whitened pixels, p=1"}
    names = panels["n=20, whitened pixels"]
    assert len(set(names)) == len(names) == 4


def test_a_distance_of_exactly_zero_is_not_on_a_logarithmic_axis(store: Store, put: Put) -> None:
    put((1.0, 0.5, 0.0))
    assert list(figure(store).panels[0].curves[0].y) == [0.5, None]


def test_places_on_a_page_without_a_panel_stay_empty() -> None:
    panels = [Panel(Axis("x"), Axis("y"), [Curve("a", [1, 2], [1, 2])], str(i)) for i in range(5)]
    picture = draw(Figure("made", "made", panels, "from trials"))
    assert [axes.get_visible() for axes in picture.axes] == [True] * 5 + [False]
