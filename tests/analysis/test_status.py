"""How far the sweeps are, from the store alone."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.progress.status import status_tables, that_say_something
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.status import Status

Tables = dict[str, list[dict[str, Any]]]


def tables(root: Any, sweep: str | None = None) -> Tables:
    with Database(root, sweep) as db:
        return {table.name: table.records() for table in status_tables(db)}


@pytest.fixture
def running(made: Store) -> list[str]:
    """Ids of what says that it runs, as long as somebody has claimed it."""
    return [row["trial_id"] for row in tables(made.root)["trouble"] if row["seed"] == 3]


def test_trials_are_counted_once_per_sweep_whatever_they_feed(made: Store) -> None:
    sweeps = tables(made.root)["sweeps"]
    counts = {row["sweep"]: {s: row[s] for s in Status if row[s]} for row in sweeps}
    assert counts == {
        "made": {"planned": 1, "done": 4, "diverged": 1, "failed": 1, "interrupted": 2},
        "small": {"done": 1},
    }
    assert [row["trials"] for row in sweeps] == [9, 1]
    assert all(row["trials"] == sum(row[s] for s in Status) for row in sweeps)


def test_the_last_end_of_a_sweep_is_that_of_its_last_trial(made: Store) -> None:
    sweeps = tables(made.root)["sweeps"]
    made_at, small_at = (row["last_finished"] for row in sweeps)
    assert made_at - small_at == timedelta(minutes=90)  # seeds 90 and 0


def test_running_trials_are_listed_while_their_launch_is_under_way(
    made: Store, running: list[str]
) -> None:
    assert tables(made.root)["running"] == []
    with claim_trials(made, "launch of made", running):
        found = tables(made.root)
    (row,) = found["running"]
    assert (row["seed"], row["epochs_run"], row["epochs"]) == (3, 2, 4)
    assert (row["train_error"], row["test_error"], row["seconds"]) == (0.5, 0.75, 4.0)
    assert (found["sweeps"][0]["running"], found["sweeps"][0]["interrupted"]) == (1, 1)
    assert row["trial_id"] not in {r["trial_id"] for r in found["trouble"]}


def test_what_went_wrong_is_listed_with_the_last_line_of_its_error(
    store: Store, write: Any, announce: Any
) -> None:
    trace = "Traceback (most recent call last):\n  File 'a.py', line 1\nValueError: no | way\n\n"
    write(store, (0.5,), seed=0)
    write(store, (0.5,), "failed", seed=1, error=trace)
    write(store, (0.5,), "diverged", seed=2, error="training loss is nan at step 6")
    write(store, (0.5,), "interrupted", seed=3)
    trouble = tables(store.root)["trouble"]
    assert [(row["seed"], row["status"], row["error"]) for row in trouble] == [
        (2, "diverged", "training loss is nan at step 6"),
        (1, "failed", "ValueError: no | way"),
        (3, "interrupted", None),
    ]


def test_a_sweep_of_its_own_shows_nothing_of_others(made: Store) -> None:
    found = tables(made.root, "small")
    assert [(row["sweep"], row["trials"]) for row in found["sweeps"]] == [("small", 1)]
    assert found["running"] == found["trouble"] == []


def test_a_terminal_shows_the_statuses_that_there_are_and_lists_with_rows(
    made: Store, running: list[str]
) -> None:
    with claim_trials(made, "launch of made", running), Database(made.root) as db:
        shown = that_say_something(status_tables(db))
    assert [table.name for table in shown] == ["sweeps", "nodes", "running", "trouble"]
    (row,) = formatted(shown[2]).records()
    assert row["data"] == "true labels"
    assert (row["epoch"], row["train %"], row["test %"]) == ("2/4", "50.00", "75.00")
    with Database(made.root, "small") as db:
        (sweeps,) = that_say_something(status_tables(db))
    names = [column.name for column in formatted(sweeps).columns]
    assert names == [
        "sweep",
        "trials",
        "done",
        "last_finished",
    ]


def test_a_trial_that_has_not_ended_an_epoch_has_no_errors_yet(store: Store, write: Any) -> None:
    trial = write(store, (), "running")
    with claim_trials(store, "launch", [trial.trial_id]), Database(store.root) as db:
        running = that_say_something(status_tables(db))[2]
        (row,) = formatted(running).records()
    assert (row["epoch"], row["train %"], row["test %"]) == ("0/4", "–", "–")


def test_who_is_at_work_is_told_with_each_node_and_how_much_of_it_is_in_use(
    made: Store, running: list[str]
) -> None:
    nodes = [{"host": "a-host", "workers": 4}, {"host": "b-host", "workers": 2}]
    assert tables(made.root)["nodes"] == []
    with (
        claim_trials(made, "launch of made", running) as lease,
        claim_trials(made, "compaction", ["compaction"]),
    ):
        lease.run_on(nodes)
        found = tables(made.root)["nodes"]
    about = {"pid": os.getpid(), "host": socket.gethostname()}
    assert all(about.items() <= row.items() and row["since"].endswith(" UTC") for row in found)
    at_work = [(r["purpose"], r["node"], r["workers"], r["running"]) for r in found]
    assert sorted(at_work, key=str) == [
        ("compaction", None, None, None),
        ("launch of made", "a-host", 4, 1),
        ("launch of made", "b-host", 2, 0),
    ]


def test_a_killed_launch_is_not_at_work(made: Store, running: list[str]) -> None:
    with claim_trials(made, "launch of made", running):
        (path,) = made.leases.glob("*.json")
        left = path.read_bytes().replace(b'"start": "', b'"start": "1')  # another process's
    path.write_bytes(left)
    found = tables(made.root)
    assert found["nodes"] == found["running"] == []
