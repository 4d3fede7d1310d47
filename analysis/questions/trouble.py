"""The trials that went wrong, with their settings and the cause."""

from __future__ import annotations

from dataclasses import replace

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.column import Column, Record
from gensweep.analysis.tables.labels import add_trial_settings
from gensweep.analysis.tables.table import Table
from gensweep.trainables.models import model_label
from gensweep.trainables.randomizations import randomization_label

_ONE_OF_EACH_SETTING = """
select any_value(trainable) as trainable, arg_min(config, trial_id) as config
from trials group by setting_id
"""

_QUERY = """
select
    trial_id, trainable, config, model, batch_norm, randomization, corruption, regularizer, seed,
    epochs, status, attempts,
    last_line(error) as error
from trials where status in ('failed', 'diverged', 'interrupted')
order by status, finished_at, trial_id
"""
NEEDS = "from trials where status in ('failed', 'diverged', 'interrupted')"


def is_theory(record: Record) -> bool:
    """Whether a row of `trials` has no epochs to train."""
    return record["epochs"] is None


def _model(record: Record) -> str:
    return model_label(record["model"], record["batch_norm"])


def _data(record: Record) -> str:
    return randomization_label(record["randomization"], record["corruption"])


TRIAL_COLUMNS = (
    Column("trial_id", unbroken=True),
    Column("model", lambda r: r["trainable"] if is_theory(r) else _model(r), unbroken=True),
    Column("data", lambda r: r["settings"] if is_theory(r) else _data(r)),
    Column("regularizer", lambda r: None if is_theory(r) else r["regularizer"], short="reg."),
    Column("settings", lambda r: "" if is_theory(r) else r["settings"], keep="filled"),
    Column("seed"),
)
_LAYOUT = (
    *TRIAL_COLUMNS,
    Column("status", unbroken=True),
    Column("error"),
)


def trouble_table(db: Database) -> Table:
    """A row per trial that failed, diverged or was interrupted, with the last line of its error."""
    found = replace(
        db.table(_QUERY, name="trouble"), title="Failed, diverged or interrupted", sql=_QUERY
    )
    return with_settings(db, replace(found, layout=_LAYOUT))


def with_settings(db: Database, trials: Table) -> Table:
    """The table of trials with what sets them apart from all others, for a person."""
    entries = trials.records()
    if entries:
        add_trial_settings(entries, db.table(_ONE_OF_EACH_SETTING).records())
    return replace(trials, entries=entries)
