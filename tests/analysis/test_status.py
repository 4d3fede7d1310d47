"""How far the sweeps are, from the store alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from analysis.database import Database
from analysis.status import STATUSES, for_people, status_tables
from orchestrator.store.layout import Store
from orchestrator.store.lock import hold
from orchestrator.store.snapshot import launch_lock


def tables(root: Any, sweep: str | None = None) -> list[list[dict[str, Any]]]:
    with Database(root, sweep) as db:
        return [table.records() for table in status_tables(db)]


def test_trials_are_counted_once_per_sweep_whatever_they_feed(made: Store) -> None:
    sweeps, _, _ = tables(made.root)
    counts = {row["sweep"]: {s: row[s] for s in STATUSES if row[s]} for row in sweeps}
    assert counts == {
        "made": {"planned": 1, "done": 4, "diverged": 1, "failed": 1, "interrupted": 2},
        "small": {"done": 1},
    }
    assert [row["trials"] for row in sweeps] == [9, 1]
    assert all(row["trials"] == sum(row[s] for s in STATUSES) for row in sweeps)


def test_the_last_end_of_a_sweep_is_that_of_its_last_trial(made: Store) -> None:
    sweeps, _, _ = tables(made.root)
    made_at, small_at = (row["last_finished"] for row in sweeps)
    assert made_at - small_at == timedelta(minutes=90)  # seeds 90 and 0


def test_running_trials_are_listed_while_a_launch_is_under_way(made: Store) -> None:
    assert tables(made.root)[1] == []
    with hold(launch_lock(made), "launch"):
        sweeps, running, trouble = tables(made.root)
    (row,) = running
    assert (row["seed"], row["epochs"], row["max_epochs"]) == (3, 2, 4)
    assert (row["train_error"], row["test_error"], row["seconds"]) == (0.5, 0.75, 4.0)
    assert (sweeps[0]["running"], sweeps[0]["interrupted"]) == (1, 1)
    assert row["trial_id"] not in {r["trial_id"] for r in trouble}


def test_what_went_wrong_is_listed_with_the_last_line_of_its_error(
    store: Store, write: Any, announce: Any
) -> None:
    trace = "Traceback (most recent call last):\n  File 'a.py', line 1\nValueError: no | way\n\n"
    write(store, (0.5,), seed=0)
    write(store, (0.5,), "failed", seed=1, error=trace)
    write(store, (0.5,), "diverged", seed=2, error="training loss is nan at step 6")
    write(store, (0.5,), "interrupted", seed=3)
    trouble = tables(store.root)[2]
    assert [(row["seed"], row["status"], row["error"]) for row in trouble] == [
        (2, "diverged", "training loss is nan at step 6"),
        (1, "failed", "ValueError: no | way"),
        (3, "interrupted", None),
    ]


def test_a_sweep_of_its_own_shows_nothing_of_others(made: Store) -> None:
    sweeps, _, trouble = tables(made.root, "small")
    assert [(row["sweep"], row["trials"]) for row in sweeps] == [("small", 1)]
    assert trouble == []


def test_a_terminal_shows_the_statuses_that_there_are_and_lists_with_rows(made: Store) -> None:
    with hold(launch_lock(made), "launch"), Database(made.root) as db:
        shown = for_people(status_tables(db))
    assert [table.name for table in shown] == ["sweeps", "running", "trouble"]
    (running,) = shown[1].records()
    assert running["data"] == "true labels"
    assert (running["epoch"], running["train %"], running["test %"]) == ("2/4", "50.00", "75.00")
    with Database(made.root, "small") as db:
        (sweeps,) = for_people(status_tables(db))
    assert sweeps.columns == ["sweep", "trials", "done", "last_finished"]


def test_a_trial_that_has_not_ended_an_epoch_has_no_errors_yet(store: Store, write: Any) -> None:
    write(store, (), "running")
    with hold(launch_lock(store), "launch"), Database(store.root) as db:
        (row,) = for_people(status_tables(db))[1].records()
    assert (row["epoch"], row["train %"], row["test %"]) == ("0/4", "–", "–")
