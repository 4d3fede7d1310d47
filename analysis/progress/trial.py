"""Everything about one trial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.trial_columns import FIELD_COLUMNS
from gensweep.analysis.tables.column import Column, plain
from gensweep.analysis.tables.figure import Curve, line_figure
from gensweep.analysis.tables.labels import percent
from gensweep.analysis.tables.table import Table
from gensweep.orchestrator.store.rows import trial_from_row

_SETTINGS = ("trial_id", "trainable", *FIELD_COLUMNS)
_NO_OUTCOME = ("setting_id", "setting", "max_epochs", "config", "theory_settings")
_SHOWN_EPOCHS = 10
_MEASUREMENTS = """
select name, place, value from measurements where trial_id = ? order by place nulls first
"""


def find_trial(db: Database, start: str) -> str:
    """The id that begins with `start`. Raises QueryError unless there is exactly one."""
    found = db.table("select trial_id from trials where starts_with(trial_id, ?)", [start.lower()])
    if len(found.rows) != 1 or not start:
        what = "is the start of several" if found.rows else "is not in these results"
        raise QueryError(f"trial {start}", what, todo='see `gensweep query "from trials"`')
    return str(found.rows[0][0])


def trial_settings(row: dict[str, Any]) -> dict[str, Any]:
    """Every field of the trial of a row of `trials`, whether it has a column or not."""
    trial = trial_from_row(row)
    return {"trainable": trial.trainable, **trial.settings(), "regularizer": trial.regularizer}


def trial_tables(db: Database, start: str, people: bool) -> list[Table]:
    """Settings and outcome as name and value, and the trial's epochs.

    people: without what is not known, with a plot, and with a traceback as text.
    """
    trial_id = find_trial(db, start)
    row = db.table("from trials where trial_id = ?", [trial_id]).records()[0]
    epochs = db.table("from epochs where trial_id = ? order by epoch", [trial_id], "epochs")
    settings = [[c, row[c]] for c in _SETTINGS]
    outcome = [[c, v] for c, v in row.items() if c not in (*_SETTINGS, *_NO_OUTCOME)]
    network = trial_from_row(row).trains_network
    if not network:
        own = {k: v for k, v in trial_settings(row).items() if k != "regularizer"}
        settings = [["trial_id", trial_id], *map(list, own.items())]
    measured = measurements(db, trial_id)
    if not people:
        return [
            Table("settings", ["name", "value"], settings),
            Table("outcome", ["name", "value"], outcome),
            epochs if network else measured,
        ]
    known = [[name, value] for name, value in outcome if value is not None and name != "error"]
    tables = [
        Table("settings", ["setting", "value"], settings, title=f"Trial {trial_id}"),
        Table("outcome", ["name", "value"], known, title="Outcome", layout=_OUTCOME),
    ]
    if epochs.rows:
        tables.append(_curve(epochs))
    if measured.rows:
        tables.append(replace(measured, title="Measurements"))
    if row["error"]:
        tables.append(Table("error", [], [], title="Error", notes=row["error"].splitlines()))
    return tables


def outcome_text(name: str, value: Any) -> str:
    """A value of an outcome as a person reads it."""
    return percent(value) if value is not None and name.endswith("_error") else plain(value)


_OUTCOME = (
    Column("outcome", "name"),
    Column("value", cell=lambda r: outcome_text(r["name"], r["value"])),
)
_EPOCH = (
    Column("epoch"),
    Column("train_loss"),
    Column("train_error", text=percent),
    Column("test_error", text=percent),
    Column("seconds"),
)


def measurements(db: Database, trial_id: str) -> Table:
    """What a trial has measured: a row per name and place; first what was measured once, which
    has no place."""
    return db.table(_MEASUREMENTS, [trial_id], "measurements")


def measured_once(table: Table) -> dict[str, float]:
    return {r["name"]: r["value"] for r in table.records() if r["place"] is None}


def _how_many(epochs: int) -> str:
    if epochs > _SHOWN_EPOCHS:
        return f"{epochs} epochs, the last {_SHOWN_EPOCHS} in figures"
    return "1 epoch" if epochs == 1 else f"{epochs} epochs"


def _curve(epochs: Table) -> Table:
    records = epochs.records()
    x = [float(r["epoch"]) for r in records]
    curves = [
        Curve("train error", x, [100 * r["train_error"] for r in records]),
        Curve("test error", x, [100 * r["test_error"] for r in records]),
    ]
    return replace(
        epochs,
        title=f"Learning curve ({_how_many(len(records))})",
        layout=_EPOCH,
        entries=records[-_SHOWN_EPOCHS:],
        plot=line_figure(curves, "epoch", "error %", x_end=x[-1], y_end=100.0),
    )
