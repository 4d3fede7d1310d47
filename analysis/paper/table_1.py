"""Table 1 of the paper beside ours."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from analysis.database import Database
from analysis.labels import SETTINGS, model_label, varying_settings, with_interval
from analysis.tables import Table, without_empty

CERTAINTY = {
    "T": "read in a transcription of the paper",
    "N": "second-hand notes that agree with each other",
    "M": "remembered, unconfirmed",
}
_ALIKE = ("model", "batch_norm", "randomization", "regularizer")
_QUERY = f"""
select
    {", ".join((*_ALIKE, *SETTINGS))},
    count(*) as seeds,
    100 - 100 * avg(final_train_error) as train,
    100 * half_width(final_train_error) as train_interval,
    100 - 100 * avg(final_test_error) as test,
    100 * half_width(final_test_error) as test_interval
from trials
where dataset = 'cifar10' and status = 'done'
group by all
order by max_epochs desc, lr
"""


def paper_cells() -> list[dict[str, Any]]:
    """The cells of table 1: accuracies in per cent, as printed, and their certainty."""
    content = tomllib.loads(files("analysis.paper").joinpath("table_1.toml").read_text())
    return [{**cell, "certainty": content["certainty"]} for cell in content["cell"]]


def table_1(db: Database) -> Table:
    """A row per cell of the paper and setting of ours; cells that were not run have n = 0."""
    ours = db.table(_QUERY).records()
    for record, settings in zip(ours, varying_settings(ours, _ALIKE), strict=True):
        record["settings"] = settings
    columns = [
        *_ALIKE,
        *("settings", "max_epochs", "paper_train", "paper_test", "certainty", "seeds", "train"),
        *("train_interval", "test", "test_interval", "test_difference"),
    ]
    rows = []
    for cell in paper_cells():
        same = [r for r in ours if all(r[name] == cell[name] for name in _ALIKE)]
        for record in same or [dict.fromkeys(columns) | {"seeds": 0, "settings": ""}]:
            test = record["test"]
            merged = {
                **record,
                **{name: cell[name] for name in _ALIKE},
                "paper_train": cell["train"],
                "paper_test": cell["test"],
                "certainty": cell["certainty"],
                "test_difference": None if test is None else test - cell["test"],
            }
            rows.append([merged[c] for c in columns])
    return Table("table_1", columns, rows)


def for_people(table: Table) -> Table:
    """The same with intervals written out, as `train/test` pairs."""
    records = table.records()
    marks = sorted({r["certainty"] for r in records})
    rows = [
        [
            model_label(r["model"], r["batch_norm"]),
            r["randomization"].removesuffix("_labels"),
            r["regularizer"],
            r["settings"],
            f"{r['paper_train']:.2f}/{r['paper_test']:.2f}" + _mark(r["certainty"], marks),
            r["seeds"],
            r["max_epochs"],
            _ours(r),
            "" if r["test_difference"] is None else f"{r['test_difference']:+.2f}",
        ]
        for r in records
    ]
    paper = "paper" + (f" [{marks[0]}]" if len(marks) == 1 else "")
    columns = ["model", "labels", "reg.", "settings", paper, "n", "epochs", "ours", "Δ test"]
    return Table(
        "table_1",
        *without_empty(columns, rows, ("settings",)),
        title="Table 1: CIFAR-10, training/test accuracy in %, the paper beside ours",
        show={paper: str, "ours": str, "Δ test": str},
        notes=[f"[{mark}] {CERTAINTY[mark]}" for mark in marks],
    )


def _mark(certainty: str, marks: list[str]) -> str:
    """Said once above the column where it is the same for all."""
    return "" if len(marks) == 1 else f" [{certainty}]"


def _ours(record: dict[str, Any]) -> str:
    if not record["seeds"]:
        return "not run"
    pair = (record["train"], record["train_interval"]), (record["test"], record["test_interval"])
    # With intervals there is a place to break the line, so that no number is broken.
    between = "/" if record["test_interval"] is None else " / "
    return between.join(with_interval(*figure).replace(" ", "") for figure in pair)


def has_trials(db: Database) -> bool:
    """Whether any trial of the results could stand in the table."""
    query = "select count(*) from trials where dataset = 'cifar10' and status = 'done'"
    return bool(db.table(query).rows[0][0])
