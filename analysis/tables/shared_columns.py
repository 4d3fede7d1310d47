"""The columns that many tables have: which trials a row is of, and errors in per cent."""

from __future__ import annotations

from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import percent_interval, short_data_label
from gensweep.trainables.models import model_label
from gensweep.trainables.randomizations import randomization_label

DATASET = Column("dataset", cell=lambda r: r["dataset"] or "", keep="varying")
MODEL = Column("model", lambda r: model_label(r["model"], r["batch_norm"]), unbroken=True)
REGULARIZER = Column("regularizer", short="reg.")
DATA = Column("data", lambda r: randomization_label(r["randomization"], r["corruption"]))
SHORT_DATA = Column("data", lambda r: short_data_label(r["randomization"], r["corruption"]))
SETTINGS = Column("settings", keep="filled")
P = Column("p", "corruption", "{:g}".format)
SEEDS = Column("n", "seeds")

# Everything of a trial but its seed.
SETTING = (DATASET, MODEL, REGULARIZER, SHORT_DATA, SETTINGS)


def percent_column(name: str, key: str) -> Column:
    """A fraction in per cent with the half-width of its interval, the key `<key>_interval`."""
    return Column(name, key, cell=lambda r: percent_interval(r[key], r[f"{key}_interval"]))
