"""Tables 1, 2 and 4: what explicit regularizers change, pair by pair of trials."""

from __future__ import annotations

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.labels import PAPER_ORDER, percent_interval
from gensweep.analysis.tables.settings import (
    ALIKE,
    IN_WORDS,
    MAY_BE_EMPTY,
    in_words,
    say_settings,
)
from gensweep.analysis.tables.table import Table, without_empty

_FIGURES = ("train_error", "test_error", "gap")
_MEANS = ", ".join(
    f"avg({f}) as {f}, avg({f}_without) as {f}_without, avg({f}_difference) as {f}_difference, "
    f"half_width({f}_difference) as {f}_difference_interval"
    for f in _FIGURES
)
_QUERY = f"""
with paired as (
    select setting_id, count(*) as pairs, {_MEANS}
    from regularization
    group by setting_id
)
select * from paired join settings using (setting_id) order by {PAPER_ORDER}
"""
_SQL = "from regularization order by model, regularizer, randomization, corruption, seed"


def regularizers_table(db: Database) -> Table:
    """Per regularizer and setting: mean errors with and without it, and the mean of the
    differences by seed with its 95 % interval (Student's t over the pairs).
    """
    records = db.table(_QUERY).records()
    say_settings(records)
    columns = [*ALIKE, "settings", "pairs"]
    for figure in _FIGURES:
        columns += [figure, f"{figure}_without", f"{figure}_difference"]
        columns += [f"{figure}_difference_interval"]
    return Table("regularizers", columns, [[r[c] for c in columns] for r in records], sql=_SQL)


def for_people(table: Table) -> Table:
    """The same in per cent, with intervals written out."""
    records = table.records()
    rows = [
        [
            *words,
            r["pairs"],
            f"{100 * r['test_error']:.2f}",
            *(
                percent_interval(r[f"{f}_difference"], r[f"{f}_difference_interval"])
                for f in ("test_error", "train_error", "gap")
            ),
        ]
        for r, words in zip(records, in_words(records), strict=True)
    ]
    figures = ["test %", "Δ test", "Δ train", "Δ gap"]
    return Table(
        "regularizers",
        *without_empty([*IN_WORDS, "n", *figures], rows, MAY_BE_EMPTY),
        title="Regularizers: error with one, minus that of the same trial without any",
        show=dict.fromkeys(figures, str),
        notes=["mean over n pairs of equal seed ± 95 % interval; none with one pair"],
        sql=table.sql,
    )


def has_pairs(db: Database) -> bool:
    return bool(db.table("select count(*) from regularization").rows[0][0])
