"""Beyond the paper: in which order examples are learned, and what tells memorizing apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from analysis.database import Database
from analysis.labels import (
    MODEL_ORDER,
    RANDOMIZATION_ORDER,
    SETTINGS,
    dataset_labels,
    model_label,
    order_by,
    percent,
    percent_interval,
    short_data_label,
    varying_settings,
)
from analysis.tables import Table, without_empty

_MODELS = f"dataset, {order_by('model', MODEL_ORDER)}, model, batch_norm desc"
_DATA = f"{order_by('randomization', RANDOMIZATION_ORDER)}, corruption"

_ALIKE = ("dataset", "model", "batch_norm", "regularizer", "randomization", "corruption")
_SETTING = ", ".join((*_ALIKE, *SETTINGS))

_ORDER = f"""
from (
select
    {_SETTING}, changed,
    count(*) as seeds, sum(examples)::bigint as examples, avg(learned) as learned,
    avg(median_epoch) filter (median_epoch is not null) as median_epoch,
    count(median_epoch) as reached,
    avg(learned_for_good) as learned_for_good, avg(forgotten) as forgotten
from learning_times
join trials using (trial_id)
group by all
)
order by {_MODELS}, regularizer, {_DATA}, {", ".join(SETTINGS)}, changed
"""

_MEASURES = f"""
from (
select
    {_SETTING},
    count(*) as seeds, avg(gap) as gap, half_width(gap) as gap_interval,
    avg(weight_norm) as weight_norm,
    avg(distance_from_initialization) as distance_from_initialization,
    avg(margin_p10) as margin_p10, avg(normalized_margin) as normalized_margin,
    avg(rademacher) as rademacher
from measures
join (select trial_id, {", ".join(SETTINGS)} from trials) using (trial_id)
where weight_norm is not null
group by all
)
order by {_MODELS}, regularizer, {_DATA}, {", ".join(SETTINGS)}
"""

_CORRELATIONS = f"""
from correlations
where spearman is not null
order by dataset, model <> 'all', {_MODELS.removeprefix("dataset, ")}, abs(spearman) desc, measure
"""


def learning_times_table(db: Database) -> Table:
    """Per setting, for clean and for corrupted examples: how many were learned, and when.

    A median that not all seeds reached is left out: it would be one over the fastest.
    """
    records = db.table(_ORDER).records()
    for record in records:
        if record.pop("reached") < record["seeds"]:
            record["median_epoch"] = None
    columns = [*records[0]] if records else ["dataset"]
    return Table("learning_times", columns, [[*r.values()] for r in records], sql=_ORDER.strip())


def learning_times_for_people(table: Table) -> Table:
    records = table.records()
    rows = [
        [
            *_who(record, dataset, settings),
            "corrupted" if record["changed"] else "clean",
            record["seeds"],
            percent(record["learned"]),
            "not reached" if record["median_epoch"] is None else f"{record['median_epoch']:g}",
            f"{record['forgotten']:.2f}",
        ]
        for record, dataset, settings in _told_apart(records)
    ]
    columns = ["dataset", "model", "regularizer", "data", "settings"]
    columns += ["examples", "n", "learned", "epoch", "forgotten"]
    return Table(
        "learning_times",
        *without_empty(columns, rows, ("dataset", "settings")),
        title="Order of learning: when examples are first predicted as their given label",
        show=dict.fromkeys(("learned", "epoch", "forgotten"), str),
        notes=[
            "learned: the share that ever was; epoch: the median over all of them",
            "forgotten: how often one is, on average; means over n seeds",
        ],
        sql=table.sql,
    )


def measures_table(db: Database) -> Table:
    """Per setting, means over seeds of what was measured when training was done."""
    return _named("measures", db, _MEASURES)


def measures_for_people(table: Table) -> Table:
    records = table.records()
    rows = [
        [
            *_who(record, dataset, settings),
            record["seeds"],
            percent_interval(record["gap"], record["gap_interval"]),
            f"{record['weight_norm']:.1f}",
            f"{record['distance_from_initialization']:.1f}",
            f"{record['margin_p10']:.2f}",
            "–" if record["rademacher"] is None else f"{record['rademacher']:.3f}",
        ]
        for record, dataset, settings in _told_apart(records)
    ]
    columns = ["dataset", "model", "regularizer", "data", "settings"]
    columns += ["n", "gap", "norm", "distance", "margin", "Rademacher"]
    return Table(
        "measures",
        *without_empty(columns, rows, ("dataset", "settings")),
        title="What training leaves behind: norms, margins, capacity",
        show=dict.fromkeys(("gap", "norm", "distance", "margin", "Rademacher"), str),
        notes=[
            "norm: of all weights; distance: from initialization; margin: its 10th percentile",
            "Rademacher: how far random labels are fitted, from 0 (chance) to 1 (wholly)",
        ],
        sql=table.sql,
    )


def correlations_table(db: Database) -> Table:
    """Rank correlations of each measure with the generalization gap, over trials."""
    return _named("correlations", db, _CORRELATIONS)


def correlations_for_people(table: Table) -> Table:
    records = table.records()
    rows = [
        [
            dataset,
            "all models" if r["model"] == "all" else model_label(r["model"], r["batch_norm"]),
            r["measure"],
            r["trials"],
            f"{r['spearman']:+.2f}",
            "–" if r["low"] is None else f"{r['low']:+.2f} to {r['high']:+.2f}",
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    columns = ["dataset", "model", "measure", "trials", "Spearman", "95 % interval"]
    return Table(
        "correlations",
        *without_empty(columns, rows, ("dataset",)),
        title="Rank correlation of each measure with the generalization gap",
        show=dict.fromkeys(("Spearman", "95 % interval"), str),
        notes=[
            "over trials of every randomization, which differ in far more than the measure;",
            "the interval takes them for independent, which seeds of one setting are not",
        ],
        sql=table.sql,
    )


def has(query: str) -> Any:
    """Whether a query finds anything in the results."""
    return lambda db: bool(db.table(f"from ({query}) limit 1").rows)


has_learning_times = has("from examples")
has_measures = has("from measures where weight_norm is not null")
has_correlations = has("from correlations where spearman is not null")


def _told_apart(records: Sequence[dict[str, Any]]) -> Iterable[tuple[dict[str, Any], str, str]]:
    """Each with its dataset and settings, where these vary."""
    return zip(records, dataset_labels(records), varying_settings(records, _ALIKE), strict=True)


def _who(record: dict[str, Any], dataset: str, settings: str) -> list[str]:
    return [
        dataset,
        model_label(record["model"], record["batch_norm"]),
        record["regularizer"],
        short_data_label(record["randomization"], record["corruption"]),
        settings,
    ]


def _named(name: str, db: Database, query: str) -> Table:
    found = db.table(query, name=name)
    return Table(name, found.columns, found.rows, sql=query.strip())
