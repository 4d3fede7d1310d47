"""Everything about one trial, which the beginning of its id is enough to name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.drawing.terminal import terminal
from gensweep.analysis.progress.trial import find_trial, trial_tables
from gensweep.analysis.tables.table import Table, formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial


def ids(store: Store) -> list[str]:
    with Database(store.root) as db:
        return sorted(row[0] for row in db.table("select trial_id from trials").rows)


def test_the_shortest_beginning_that_is_unique_names_a_trial(made: Store) -> None:
    everyone = ids(made)
    with Database(made.root) as db:
        for trial_id in everyone:
            for length in range(1, 13):
                start = trial_id[:length]
                if sum(other.startswith(start) for other in everyone) == 1:
                    assert find_trial(db, start) == trial_id
                    assert find_trial(db, start.upper()) == trial_id
                else:
                    with pytest.raises(QueryError, match=f"trial {start}: is the start of several"):
                        find_trial(db, start)


@pytest.mark.parametrize("start", ["zzz", "%", "_", "' or true --", "0" * 13])
def test_an_unknown_beginning_is_refused_with_a_way_to_find_one(made: Store, start: str) -> None:
    with Database(made.root) as db, pytest.raises(QueryError, match="is not in these results") as e:
        find_trial(db, start)
    assert e.value.todo == 'see `gensweep query "from trials"`'


def test_no_beginning_at_all_names_nothing(store: Store, write: Any) -> None:
    write(store, (0.5,))
    with Database(store.root) as db, pytest.raises(QueryError):
        find_trial(db, "")


def show(store: Store, trial: ClassifierTrial, people: bool) -> dict[str, Table]:
    with Database(store.root) as db:
        return {table.name: table for table in trial_tables(db, trial.trial_id, people)}


def test_programs_get_every_column_of_the_trial_and_all_its_epochs(
    store: Store, write: Any
) -> None:
    trial = write(store, (0.5, 0.25, 0.0), seed=7)
    tables = show(store, trial, people=False)
    values = {r["name"]: r["value"] for n in ("settings", "outcome") for r in tables[n].records()}
    with Database(store.root) as db:
        (row,) = db.table("from trials").records()
        epochs = db.table("from epochs order by epoch").records()
    derived = ("setting", "setting_id", "max_epochs", "config", "theory_settings")
    assert values == {k: v for k, v in row.items() if k not in derived}
    assert json.loads(row["config"]) == trial.config()
    assert tables["epochs"].records() == epochs


def test_settings_and_outcome_do_not_mix(store: Store, write: Any) -> None:
    tables = show(store, write(store, (0.5,)), people=False)
    settings = {row[0] for row in tables["settings"].rows}
    outcome = {row[0] for row in tables["outcome"].rows}
    assert {"trial_id", "model", "lr", "epochs", "stop", "precision"} <= settings
    assert {"parameters", "status", "fit_epoch", "error"} <= outcome
    assert not settings & outcome


def test_people_get_what_is_known_and_a_traceback_line_by_line(store: Store, write: Any) -> None:
    trial = write(store, (), "failed", error="Traceback:\n  File 'a.py'\nValueError: no")
    tables = show(store, trial, people=True)
    assert "epochs" not in tables
    assert tables["error"].notes == ["Traceback:", "  File 'a.py'", "ValueError: no"]
    outcome = dict(tables["outcome"].rows)
    assert outcome["status"] == "failed"
    assert not {"error", "fit_epoch", "final_test_error"} & set(outcome)


def test_people_get_the_last_epochs_in_figures_and_all_of_them_as_a_curve(
    store: Store, write: Any
) -> None:
    trial = write(store, [1 - n / 12 for n in range(13)], epochs=13)
    epochs = show(store, trial, people=True)["epochs"]
    assert [row["epoch"] for row in formatted(epochs).records()] == [str(n) for n in range(4, 14)]
    assert "13 epochs, the last 10 in figures" in epochs.title
    assert epochs.plot
    drawn = terminal(epochs.plot, 80).split("Legend:")
    assert drawn[0].count("o") >= 12  # where the curves meet, the second covers the first
    assert "⠤x⠤ test error" in drawn[1]


def test_a_planned_trial_has_settings_and_a_status_and_no_more(made: Store) -> None:
    tables = show(made, ClassifierTrial(model="alexnet"), people=True)
    assert list(tables) == ["settings", "outcome"]
    assert tables["outcome"].rows == [["status", "planned"]]
