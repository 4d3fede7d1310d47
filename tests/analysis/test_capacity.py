"""What the measures of capacity say, from their records to the report's sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.capacity import capacity_table, statements
from gensweep.analysis.report import SUMMARIES, report_tables
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.capacity.trial import CapacityTrial
from gensweep.trainables.records import Ended, Measurement, Started

Finish = Callable[..., CapacityTrial]
Found = Mapping[tuple[str, float | None], float]


@pytest.fixture
def finish(store: Store) -> Finish:
    """Write a trial that has measured this, by name and place."""

    def put(found: Found, status: Any = "done", **settings: Any) -> CapacityTrial:
        trial = CapacityTrial(**{"dataset": "digits", "n": 100, **settings})
        writer = TrialWriter(store, trial, Provenance("a-host", "", "{}"))
        writer.add(Started("cpu", 7))
        for (name, at), value in found.items():
            writer.add(Measurement(name, value, at))
        writer.add(Ended(status))
        return trial

    return put


@pytest.fixture(params=["live", "compacted"])
def settle(request: pytest.FixtureRequest, store: Store) -> Callable[[], None]:
    return (lambda: compact(store) and None) if request.param == "compacted" else lambda: None


def fitted(correlation: float, test_error: float, epochs: int = 2) -> Found:
    last = (1 - correlation) / 2
    return {
        ("train_error", 1): 0.75,
        ("train_error", epochs): last,
        ("epochs", None): epochs,
        ("correlation", None): correlation,
        ("test_error", None): test_error,
    }


def moved(error: float, left_out: float, gap: float) -> Found:
    """With two replacements; nothing moves where nothing is replaced, but for rounding."""
    found: dict[tuple[str, float | None], float] = {}
    for at, factor in ((0, 1e-6), (1, 0.5), (2, 1.0)):
        for where in ("train", "test"):
            for kind, size in (("error", error), ("loss", 3 * error)):
                found[f"{where}_{kind}_change_max", at] = size * factor
                found[f"{where}_{kind}_change_mean", at] = size * factor / 10
    for at in (1, 2):
        found["left_out_error", at] = left_out + (at - 1.5) / 10
        found["left_out_loss", at] = 2 * left_out
    return {**found, ("train_error", None): 0.01, ("test_error", None): 0.01 + gap}


def figures(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    with Database(store.root) as db:
        return {(r["model"], r["figure"]): r for r in capacity_table(db).records()}


def view(store: Store) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return db.table("from capacity order by measure, labels, seed").records()


def test_the_view_has_a_row_per_trial_with_what_its_measure_found(
    store: Store, finish: Finish, settle: Callable[[], None]
) -> None:
    finish(fitted(0.9, 0.4), seed=3)
    finish(moved(0.5, 0.25, 0.2), measure="stability", replacements=2, labels="true")
    counted = {"parameters": 10, "weights": 9, "layers": 2, "vc_order": 57.1, "vc_bound": 101}
    finish({(k, None): v for k, v in counted.items()}, measure="vc")
    finish(fitted(0.9, 0.4), seed=4, status="interrupted")
    settle()
    fit, stable, vc = view(store)
    assert (fit["measure"], fit["labels"], fit["n"], fit["seed"]) == (
        "rademacher",
        "random",
        100,
        3,
    )
    assert (fit["correlation"], fit["test_error"], fit["epochs_run"]) == (0.9, 0.4, 2)
    assert fit["train_error"] == pytest.approx(0.05)  # of the last epoch
    assert fit["replacements"] is fit["vacuous"] is fit["noise"] is None
    assert (stable["replacements"], stable["labels"]) == (2, "true")
    assert (stable["largest_error_change"], stable["largest_loss_change"]) == (0.5, 1.5)
    assert stable["mean_error_change"] == pytest.approx((0.025 + 0.05) / 2)
    assert stable["mean_loss_change"] == pytest.approx((0.075 + 0.15) / 2)
    assert (stable["left_out_error"], stable["left_out_loss"]) == pytest.approx((0.25, 0.5))
    assert stable["noise"] == pytest.approx(1.5e-6)
    assert stable["train_error"] == 0.01
    assert vc["labels"] is None
    assert {name: vc[name] for name in counted} == counted
    assert vc["vacuous"]


@pytest.mark.parametrize(
    ("found", "vacuous"),
    [
        ({"vc_order": 50.0, "vc_bound": 100.0}, True),
        ({"vc_order": 500.0, "vc_bound": 99.0}, False),
        ({"vc_order": 100.0}, True),
        ({"vc_order": 99.0}, False),
    ],
)
def test_a_bound_of_n_or_more_is_vacuous(
    store: Store, finish: Finish, found: dict[str, float], vacuous: bool
) -> None:
    finish({(name, None): value for name, value in found.items()}, measure="vc", n=100)
    (row,) = view(store)
    assert row["vacuous"] is vacuous


def test_means_and_intervals_are_over_seeds(store: Store, finish: Finish) -> None:
    errors = [0.40, 0.47, 0.61, 0.52]
    for seed, error in enumerate(errors):
        finish(fitted(1.0, error), seed=seed)
    found = figures(store)["mlp_1x512", "test_error"]
    low, high = stats.t.interval(0.95, 3, np.mean(errors), stats.sem(errors))
    assert found["random_labels"] == pytest.approx(np.mean(errors))
    assert found["random_labels_interval"] == pytest.approx((high - low) / 2, rel=1e-6)
    assert found["true_labels"] is found["true_labels_interval"] is found["tells_apart"] is None
    assert (found["draws"], found["true_draws"]) == (4, 0)


def test_a_figure_tells_labels_apart_if_its_means_are_further_apart_than_chance(
    store: Store, finish: Finish
) -> None:
    for seed, noise in enumerate((-0.01, 0.0, 0.01)):
        finish(fitted(1.0, 0.5 + noise), seed=seed)
        finish(fitted(1.0, 0.1 + noise), seed=seed, labels="true")
        finish(fitted(1.0, 0.5 + noise), seed=seed, model="alexnet")
        finish(fitted(1.0, 0.51 + noise), seed=seed, model="alexnet", labels="true")
    found = figures(store)
    assert found["mlp_1x512", "test_error"]["tells_apart"] is True
    assert found["alexnet", "test_error"]["tells_apart"] is False
    complexity = found["mlp_1x512", "rademacher"]
    assert complexity["tells_apart"] is False
    assert complexity["true_labels"] == complexity["random_labels"] == 1.0


def test_one_seed_tells_nothing_apart(store: Store, finish: Finish) -> None:
    finish(fitted(1.0, 0.5))
    finish(fitted(1.0, 0.1), labels="true")
    assert figures(store)["mlp_1x512", "test_error"]["tells_apart"] is None


def test_the_complexity_is_that_of_random_signs_alone(store: Store, finish: Finish) -> None:
    finish(fitted(1.0, 0.1), labels="true")
    assert ("mlp_1x512", "rademacher") not in figures(store)
    finish(fitted(0.5, 0.5))
    assert figures(store)["mlp_1x512", "rademacher"]["true_labels"] == 0.5


def test_a_draw_that_diverged_is_no_figure(store: Store, finish: Finish) -> None:
    finish({}, status="diverged")
    with Database(store.root) as db:
        assert not SUMMARIES["capacity"].applies(db)
        assert capacity_table(db).rows == []


def test_other_settings_are_other_rows_and_are_named(store: Store, finish: Finish) -> None:
    for lr in (0.1, 0.2):
        finish(fitted(1.0, 0.5), lr=lr)
    with Database(store.root) as db:
        records = capacity_table(db).records()
    said = {r["settings"] for r in records if r["figure"] == "rademacher"}
    assert said == {"lr 0.1", "lr 0.2"}


def text(store: Store) -> str:
    with Database(store.root) as db:
        return "\n".join(capacity_table(db).notes)


def test_what_rademacher_cannot_tell_is_said_with_the_error_it_allows(
    store: Store, finish: Finish
) -> None:
    finish(fitted(0.9, 0.5))
    said = text(store)
    assert "at least 0.9 " in said
    assert "allows" not in said
    finish(fitted(0.96, 0.25), labels="true")  # its training error is 0.02
    assert "it allows a test error of 0.92 or more, where 0.25 is measured" in text(store)


def test_what_counting_cannot_tell_is_said_with_how_much_is_vacuous(
    store: Store, finish: Finish
) -> None:
    for model, bound in (("mlp_1x512", 1000.0), ("mlp_3x512", 10.0)):
        found = {("weights", None): 500.0, ("vc_order", None): 2000.0, ("vc_bound", None): bound}
        finish(found, measure="vc", model=model)
    said = text(store)
    assert "5 parameters per image" in said
    assert "vacuous, in 1 of 2 cases" in said


def test_what_stability_cannot_tell_is_said_with_both_labels(store: Store, finish: Finish) -> None:
    finish(moved(1.0, 0.9, 0.9), measure="stability", replacements=2)
    finish(moved(0.5, 0.1, 0.1), measure="stability", replacements=2, labels="true")
    said = text(store)
    assert "by up to 1 on random labels, and by 0.5 on true ones" in said
    assert "left-out error" in said


def test_without_trials_nothing_is_said(store: Store) -> None:
    assert statements([]) == []
    with Database(store.root) as db:
        assert "capacity" not in {table.name for table in report_tables(db)}


def test_the_report_shows_it_where_there_are_such_trials(store: Store, finish: Finish) -> None:
    finish(fitted(1.0, 0.5))
    with Database(store.root) as db:
        table = {t.name: t for t in report_tables(db)}["capacity"]
    assert [r["figure"] for r in table.records()] == ["rademacher", "train_error", "test_error"]
    assert len(formatted(table).rows) == 3
    assert {r["apart"] for r in formatted(table).records()} == {"blind", "one seed"}


def test_trials_that_replace_more_examples_are_a_setting_of_their_own(
    store: Store, finish: Finish
) -> None:
    for replacements in (2, 3):
        finish(
            moved(0.5, 0.1, 0.1), measure="stability", replacements=replacements, model="alexnet"
        )
    with Database(store.root) as db:
        rows = [r for r in capacity_table(db).records() if r["figure"] == "gap"]
    assert [(r["settings"], r["draws"]) for r in rows] == [
        ("replacements 2", 1),
        ("replacements 3", 1),
    ]
