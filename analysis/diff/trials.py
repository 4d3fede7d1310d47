"""Two trials side by side: the settings that differ, what came of them, and their curves."""

from __future__ import annotations

from numbers import Real
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.diff.curves import COLUMNS, curves_plot
from gensweep.analysis.progress.trial import (
    measured_once,
    measurements,
    outcome_text,
    trial_settings,
)
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.table import Table

_OUTCOME = (
    *("status", "epochs_run", "steps", "fit_epoch", "fit_step", "final_train_loss"),
    *("final_train_error", "final_test_error", "best_test_error", "best_test_epoch"),
    *("wall_seconds", "images_per_second", "parameters", "host", "device"),
)
_NOTE = "errors of every epoch"


def trial_tables(db: Database, a: str, b: str, people: bool) -> list[Table]:
    """Tables `settings`, `outcome` and `curves`; `difference` is b − a."""
    rows = [db.table("from trials where trial_id = ?", [i]).records()[0] for i in (a, b)]
    first, second = map(trial_settings, rows)
    settings = [
        [name, first.get(name), second.get(name)]
        for name in {**first, **second}
        if first.get(name) != second.get(name)
    ]
    outcome = [
        [name, *values, _difference(*values)]
        for name in _OUTCOME
        if (values := [row[name] for row in rows]) != [None, None]
    ]
    outcome += _measured(db, a, b)
    curves = _curves(db, a, b)
    settings_table = Table(
        "settings",
        ["setting", "a", "b"],
        settings,
        title="Settings that differ",
        layout=[Column("setting"), Column(a, "a"), Column(b, "b")],
        notes=[] if settings else ["no setting differs"],
    )
    outcome_table = Table(
        "outcome",
        ["figure", "a", "b", "difference"],
        outcome,
        title="Outcome",
        layout=[Column("outcome", "figure"), _value(a, "a"), _value(b, "b"), _value("difference")],
    )
    if people:
        return [settings_table, outcome_table, *curves_plot(curves, (a, b), _NOTE)]
    return [settings_table, outcome_table, curves]


def _measured(db: Database, a: str, b: str) -> list[list[Any]]:
    """What either measured once, as rows of the outcome."""
    one, other = (measured_once(measurements(db, trial_id)) for trial_id in (a, b))
    pairs = {name: (one.get(name), other.get(name)) for name in {**one, **other}}
    return [[name, *values, _difference(*values)] for name, values in pairs.items()]


def _difference(a: Any, b: Any) -> Any:
    return b - a if isinstance(a, Real) and isinstance(b, Real) else None


def _value(name: str, key: str = "") -> Column:
    """A column of values, each written as its name asks for."""
    key = key or name
    return Column(name, key, cell=lambda r: outcome_text(r["figure"], r[key]), align="right")


def _curves(db: Database, a: str, b: str) -> Table:
    sql = (
        f"select case trial_id when '{a}' then 'a' else 'b' end as side, "
        "epoch, train_error, test_error "
        f"from epochs where trial_id in ('{a}', '{b}') order by side, epoch"
    )
    return Table("curves", COLUMNS, db.table(sql).rows, sql=sql)
