"""Figure 1b's question: how much longer do randomized data take to fit?"""

from __future__ import annotations

from typing import Any

from analysis.database import Database
from analysis.labels import (
    MODEL_ORDER,
    RANDOMIZATION_ORDER,
    SETTINGS,
    dataset_labels,
    model_label,
    order_by,
    randomization_label,
    varying_settings,
    with_interval,
)
from analysis.tables import Table, without_empty

_ALIKE = ("dataset", "model", "batch_norm", "regularizer", "randomization", "corruption")

_QUERY = f"""
from (
select
    {", ".join(f"t.{c}" for c in (*_ALIKE, *SETTINGS))},
    count(distinct trial_id) as seeds,
    count(*) filter (not censored and unit = 'epochs') as reached,
    count(distinct trial_id) filter (t.status = 'diverged') as diverged,
    avg(value) filter (unit = 'epochs') as epochs,
    half_width(case when unit = 'epochs' then value end) as epochs_interval,
    avg(value) filter (unit = 'steps') as steps,
    avg(ratio) filter (unit = 'steps') as ratio,
    half_width(case when unit = 'steps' then ratio end) as ratio_interval,
    max(t.epochs) as most_epochs
from trials t
left join ( -- a trial that diverges in its first epoch has no row there
    from convergence where metric = 'train_error' and threshold = 0
) c using (trial_id)
where t.status in ('done', 'diverged')
group by all
)
order by dataset, {order_by("model", MODEL_ORDER)}, model, batch_norm desc, regularizer,
    {order_by("randomization", RANDOMIZATION_ORDER)}, corruption, max_epochs, lr
"""


def convergence_table(db: Database) -> Table:
    """Per model, regularizer and randomization: epochs to training error 0, and their ratio to
    true labels. A time that was not reached is never averaged: it is said to be censored.
    """
    records = db.table(_QUERY).records()
    for record, settings in zip(records, varying_settings(records, _ALIKE), strict=True):
        record["settings"] = settings
        if record["reached"] < record["seeds"]:
            for figure in ("epochs", "epochs_interval", "steps", "ratio", "ratio_interval"):
                record[figure] = None
    columns = [
        *("dataset", "model", "batch_norm", "regularizer", "randomization", "corruption"),
        *("settings", "seeds", "reached", "diverged", "epochs", "epochs_interval", "steps"),
        *("ratio", "ratio_interval", "most_epochs"),
    ]
    return Table("convergence", columns, [[r[c] for c in columns] for r in records])


def for_people(table: Table) -> Table:
    """The same with intervals written out and censoring in words."""
    records = table.records()
    rows = [
        [
            dataset,
            model_label(r["model"], r["batch_norm"]),
            r["regularizer"],
            randomization_label(r["randomization"], r["corruption"]),
            r["settings"],
            r["seeds"],
            _epochs(r),
            "–" if r["steps"] is None else f"{r['steps']:.0f}",
            "–" if r["ratio"] is None else f"{with_interval(r['ratio'], r['ratio_interval'])}×",
        ]
        for r, dataset in zip(records, dataset_labels(records), strict=True)
    ]
    columns = ["dataset", "model", "regularizer", "data", "settings"]
    columns += ["n", "epochs", "steps", "ratio"]
    return Table(
        "convergence",
        *without_empty(columns, rows, ("dataset", "settings")),
        title="Convergence time: epochs to training error 0, and its ratio to true labels",
        show=dict.fromkeys(("epochs", "steps", "ratio"), str),
        notes=["mean ± 95 % interval over n seeds; no interval with one seed"],
    )


def _epochs(record: dict[str, Any]) -> str:
    if record["reached"] == record["seeds"]:
        if record["epochs_interval"] is None:
            return f"{record['epochs']:g}"
        return with_interval(record["epochs"], record["epochs_interval"])
    missing = f"not reached in {record['most_epochs']}"
    if record["diverged"]:
        missing = "diverged"
    if record["seeds"] > 1:
        missing += f" ({record['reached']} of {record['seeds']} did)"
    return missing
