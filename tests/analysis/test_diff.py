"""Two trials, or two sweeps, side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.diff import diff_tables
from gensweep.analysis.drawing.terminal import terminal
from gensweep.analysis.tables.table import Table, formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
Announce = Callable[..., None]


def diff(store: Store, a: str, b: str, people: bool = False) -> dict[str, Table]:
    with Database(store.root) as db:
        return {table.name: table for table in diff_tables(db, a, b, people)}


def test_only_the_settings_that_differ_are_listed(store: Store, write: Write) -> None:
    a = write(store, (0.5, 0.0), lr=0.1, stop="fit")
    b = write(store, (0.5, 0.25), lr=0.2, stop="fit", patience=3, weight_decay=5e-4)
    assert sorted(diff(store, a.trial_id, b.trial_id)["settings"].rows) == [
        ["lr", 0.1, 0.2],
        ["patience", 1, 3],
        ["regularizer", "none", "wd"],
        ["weight_decay", 0.0, 5e-4],
    ]


def test_outcomes_stand_side_by_side_with_b_less_a(store: Store, write: Write) -> None:
    a = write(store, (0.5, 0.0), test_errors=(0.5, 0.25))
    b = write(store, (0.5, 0.25, 0.125), test_errors=(0.5, 0.125, 0.75), seed=1)
    found = {row[0]: row[1:] for row in diff(store, a.trial_id, b.trial_id)["outcome"].rows}
    assert found["status"] == ["done", "done", None]
    assert found["epochs_run"] == [2, 3, 1]
    assert found["fit_epoch"] == [2, None, None]
    assert found["final_test_error"] == [0.25, 0.75, 0.5]
    assert found["best_test_error"] == [0.25, 0.125, -0.125]
    assert found["wall_seconds"] == [4.0, 6.0, 2.0]


def test_both_curves_are_there_and_in_one_plot(store: Store, write: Write) -> None:
    a, b = write(store, (0.5, 0.0)), write(store, (0.75, 0.5, 0.25), seed=1)
    rows = diff(store, a.trial_id, b.trial_id)["curves"].rows
    assert [(row[0], row[1], row[2]) for row in rows] == [
        *(("a", 1, 0.5), ("a", 2, 0.0)),
        *(("b", 1, 0.75), ("b", 2, 0.5), ("b", 3, 0.25)),
    ]
    plot = diff(store, a.trial_id, b.trial_id, people=True)["curves"].plot
    assert plot
    drawn = terminal(plot, 80)
    assert max(map(len, drawn.splitlines())) <= 80
    for trial in (a, b):
        assert f"{trial.trial_id} train" in drawn
        assert f"{trial.trial_id} test" in drawn


def test_a_trial_is_named_by_its_beginning_in_any_case(store: Store, write: Write) -> None:
    a, b = write(store, (0.5, 0.0)), write(store, (0.75, 0.5), seed=1)
    short = diff(store, a.trial_id[:5].upper(), b.trial_id[:5])
    assert {name: table.rows for name, table in short.items()} == {
        name: table.rows for name, table in diff(store, a.trial_id, b.trial_id).items()
    }


def test_a_trial_that_has_not_run_has_settings_and_no_curve(made: Store) -> None:
    planned = ClassifierTrial(model="alexnet").trial_id
    with Database(made.root) as db:
        done = db.table("select trial_id from trials where seed = 50").rows[0][0]
    found = diff(made, planned, done, people=True)
    assert ["model", "alexnet", "mlp_1x512"] in found["settings"].rows
    assert ["status", "planned", "done", None] in found["outcome"].rows
    assert found["curves"].plot
    assert list(diff(made, planned, planned, people=True)) == ["settings", "outcome"]


@pytest.fixture
def sweeps(store: Store, write: Write, announce: Announce) -> dict[str, list[ClassifierTrial]]:
    """Two sweeps of two seeds; `slow` has true labels in common with `fast`, but for the rate."""
    fast = [
        write(store, (0.5, 0.0), seed=0, corruption=0.0),
        write(store, (0.5, 0.25, 0.0), seed=1, corruption=0.0),
        write(store, (0.75, 0.5), seed=0, corruption=1.0),
    ]
    slow = [
        write(store, (0.5, 0.25, 0.125, 0.0), seed=0, lr=0.001, corruption=0.0),
        write(store, (0.5, 0.25), seed=1, lr=0.001, corruption=0.0),
        fast[2],
        ClassifierTrial(model="alexnet"),
    ]
    announce(store, "fast", fast, ["figure_1b", "figure_1c"])
    announce(store, "slow", slow)
    return {"fast": fast, "slow": slow}


def test_every_trial_is_in_a_in_b_or_in_both_and_once(
    store: Store, sweeps: dict[str, list[ClassifierTrial]]
) -> None:
    ids = {name: {t.trial_id for t in trials} for name, trials in sweeps.items()}
    rows = diff(store, "fast", "slow")["trials"].records()
    found = {
        side: {r["trial_id"] for r in rows if r["side"] == side} for side in ("a", "b", "both")
    }
    assert found == {
        "a": ids["fast"] - ids["slow"],
        "b": ids["slow"] - ids["fast"],
        "both": ids["fast"] & ids["slow"],
    }
    assert len(rows) == len(ids["fast"] | ids["slow"])


def test_axes_are_listed_where_their_values_differ(store: Store, sweeps: Any) -> None:
    axes = {row[0]: row[1:] for row in diff(store, "fast", "slow")["axes"].rows}
    assert axes["lr"] == [[0.01], [0.001, 0.01]]
    assert axes["model"] == [["mlp_1x512"], ["alexnet", "mlp_1x512"]]
    assert not {"seed", "dataset", "corruption", "randomization", "momentum"} & set(axes)


def test_like_settings_are_paired_though_a_setting_of_the_whole_sweep_differs(
    store: Store, sweeps: Any
) -> None:
    rows = diff(store, "fast", "slow")["outcome"].records()
    (true,) = (r for r in rows if r["randomization"] == "true_labels")
    assert (true["a_trials"], true["b_trials"]) == (2, 2)
    assert true["a_fit_epoch"] == 2.5
    assert true["test_error_difference"] == true["b_test_error"] - true["a_test_error"] == 0.0625
    (same,) = (r for r in rows if r["randomization"] == "random_labels")
    assert same["test_error_difference"] == 0


def test_a_time_that_was_not_reached_is_never_averaged(store: Store, sweeps: Any) -> None:
    rows = diff(store, "fast", "slow")["outcome"].records()
    (true,) = (r for r in rows if r["randomization"] == "true_labels")
    assert (true["b_fitted"], true["b_fit_epoch"]) == (1, None)
    (row, _) = formatted(diff(store, "fast", "slow", people=True)["outcome"]).records()
    assert (row["fit A"], row["fit B"]) == ("2.5", "1 of 2")


def test_settings_that_differ_within_a_sweep_are_never_averaged_over(
    store: Store, write: Write, announce: Announce
) -> None:
    trials = [write(store, (0.5, 0.25), lr=lr) for lr in (0.1, 0.2)]
    announce(store, "both_rates", trials)
    announce(store, "one_rate", trials[:1])
    rows = diff(store, "both_rates", "one_rate")["outcome"].records()
    assert [(r["lr"], r["a_trials"], r["b_trials"]) for r in rows] == [(0.1, 1, 1), (0.2, 1, None)]
    shown = formatted(diff(store, "both_rates", "one_rate")["outcome"]).records()
    assert [r["settings"] for r in shown] == ["lr 0.1", "lr 0.2"]


def test_every_point_of_a_mean_curve_is_the_mean_of_the_same_trials(
    store: Store, sweeps: Any
) -> None:
    rows = diff(store, "fast", "slow")["curves"].rows
    means = [(side, epoch, train) for side, epoch, train, _ in rows]
    assert means == [
        *(("a", 1, (0.5 + 0.5 + 0.75) / 3), ("a", 2, (0.0 + 0.25 + 0.5) / 3)),
        *(("b", 1, (0.5 + 0.5 + 0.75) / 3), ("b", 2, (0.25 + 0.25 + 0.5) / 3)),
    ]


def test_the_queries_that_are_told_show_the_rows(store: Store, sweeps: Any) -> None:
    for table in diff(store, "fast", "slow").values():
        if table.sql:
            with Database(store.root) as db:
                assert db.table(table.sql).rows == table.rows


def test_a_sweep_that_differs_in_nothing_says_so(store: Store, sweeps: Any) -> None:
    tables = diff(store, "fast", "fast", people=True)
    assert tables["axes"].notes == ["no axis differs"]
    assert [row[1] for row in tables["trials"].rows] == [0, 0, 3]


@pytest.mark.parametrize(
    ("a", "b", "what"),
    [
        ("nope", "fast", "nope: is neither a sweep nor a trial"),
        ("fast", "", "'': is neither a sweep nor a trial"),
        ("fast", "TRIAL", "fast: is a sweep, and TRIAL is a trial; two trials, or two sweeps"),
        ("TRIAL", "fast", "TRIAL: is a trial, and fast is a sweep; two trials, or two sweeps"),
        ("A", "fast", "A: is a sweep, and the start of a trial's id"),
    ],
)
def test_a_name_means_one_thing_and_both_the_same_kind(
    store: Store, sweeps: Any, announce: Announce, a: str, b: str, what: str
) -> None:
    trial = sweeps["fast"][0].trial_id
    announce(store, trial[:2], sweeps["fast"])
    names = {"TRIAL": trial[:8], "A": trial[:2]}
    for word, name in names.items():
        what = what.replace(f"{word}:", f"{name}:").replace(f" {word} ", f" {name} ")
    with pytest.raises(QueryError) as error:
        diff(store, names.get(a, a), names.get(b, b))
    assert str(error.value).startswith(what)
