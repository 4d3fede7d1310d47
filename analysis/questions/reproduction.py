"""The tables and statements of the paper beside ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.paper_numbers import CERTAINTY, title
from gensweep.analysis.tables.column import NOTHING, Column, Record
from gensweep.analysis.tables.labels import SETTINGS, in_words, varying_settings
from gensweep.analysis.tables.shared_columns import DATASET
from gensweep.analysis.tables.table import Table
from gensweep.trainables.models import model_label

# Numbers that stand together, as the paper has them: training/test (best during training).
_TOGETHER = ("train{}_error", "test{}_error", "best_test{}_error")
_PAIRED = {metric.format(top): top for top in ("", "_top5") for metric in _TOGETHER}
_WORST_FIRST = ("differs", "not fitted", "smaller", "agrees", "not run", "not in the paper")
_NOTES = (
    "runs: trials × epochs, at most; ours: their mean ± 95 % interval, none with one seed",
    "Δ: ours minus the paper's, of the last number; agrees: within a point, or within",
    "our interval if that is wider; not fitted: ours did not train as far",
)
_NOTES_ELSEWHERE = (
    "runs: trials × epochs, at most; ours: their mean ± 95 % interval, none with one seed",
    "the paper has no numbers of these datasets and models",
)
_KERNELS = ("kernel", "bandwidth", "l2", "examples", "filters")
_NOTES_ON_KERNELS = (
    "n: training examples; ours: the mean over seeds ± 95 % interval, none with one seed; of n",
    "and filters the most that was run; smaller: less than the paper's, so not to be compared",
    "Δ: ours minus the paper's; agrees: within a point, a tenth of the norm, or our interval",
    "norm: one-hot targets, all classes as one function; the paper does not say how it counts",
)


@dataclass(frozen=True)
class Beside:
    """A file of the paper's numbers beside ours.

    name:    of the summary.
    sources: of the view `reproduction`.
    by_item: rows are named by the paper's words rather than by model, labels and regularizer.
    """

    name: str
    file: str
    sources: tuple[str, ...]
    by_item: bool = False

    @property
    def sql(self) -> str:
        return (
            f"from reproduction where source in {_listed(self.sources)} "
            "order by position, epochs desc, lr, weight_decay, kernel, bandwidth, l2, precision"
        )

    def table(self, db: Database) -> Table:
        """A row per number of the paper and setting of ours; those that were not run have n = 0.

        A person reads the numbers that the paper prints together in one cell. Where ours are all of
        other datasets and models than the paper's, that is all a person reads.
        """
        found = db.table(self.sql, name=self.name)
        groups = _grouped(found.records())
        if elsewhere := _elsewhere(groups):
            groups = [group for group in groups if _is_elsewhere(group)]
        marks = sorted({r["certainty"] for group in groups for r in group} - {None})
        heads = [{**group[0], "epochs": None} for group in groups]  # that is a column here
        varying = varying_settings(heads, ("source", "dataset", "item", "metric"))
        return replace(
            found,
            title=title(self.file, "elsewhere" if elsewhere else "title"),
            layout=_layout(several_marks=len(marks) > 1, elsewhere=elsewhere),
            entries=list(map(self._entry, groups, varying)),
            notes=_NOTES_ELSEWHERE if elsewhere else [*_notes(marks), *self._explained()],
            sql=self.sql,
        )

    def _explained(self) -> Sequence[str]:
        return _NOTES_ON_KERNELS if self.name == "table_3" else _NOTES

    @property
    def needs(self) -> str:
        """The trials that could stand in the table."""
        return f"""
        select trial_id from classifiers t
        join paper p using (trainable, dataset, model, batch_norm)
        where status in ('done', 'diverged') and source in {_listed(self.sources)}
            and coalesce(p.randomization, t.randomization) = t.randomization
            and coalesce(p.regularizer, t.regularizer) = in_the_paper(t.regularizer)
        union all
        select trial_id from classifiers t
        join paper p on (p.randomization, p.regularizer)
            = (t.randomization, in_the_paper(t.regularizer))
        where status in ('done', 'diverged') and source = 'table_2'
            and source in {_listed(self.sources)} and like_imagenet(t.dataset)
        union all
        select trial_id from kernels
        join paper p using (dataset, model, randomization)
        where p.trainable = 'kernel' and status = 'done' and source in {_listed(self.sources)}
        """

    def _entry(self, group: Sequence[Record], varying: str) -> Record:
        """A row: the first of the numbers printed together, what it is called, and all of them."""
        first = group[0]
        names = _item(first) if self.by_item else _cell_of_table(first)
        return {**first, **names, "settings": _settings(first, varying), "group": group}


TABLES = {
    beside.name: beside
    for beside in (
        Beside("table_1", "table_1", ("table_1",)),
        Beside("table_2", "table_2", ("table_2", "slides")),
        Beside("table_3", "table_3", ("table_3", "code"), by_item=True),
        Beside("table_4", "table_4", ("table_4",)),
        Beside("paper", "figures", ("models", "figure_1b", "figure_1c", "figure_2b", "text"), True),
    )
}


def _item(record: Record) -> dict[str, str]:
    """The paper's words, and which of an item's numbers it is."""
    metric = str(record["metric"])
    if record["unit"].startswith("accuracy"):
        metric = metric.replace("error", "accuracy")
    return {
        **dict.fromkeys(("dataset", "model", "setting"), ""),
        "of": record["item"],
        "number": in_words(metric),
    }


def _cell_of_table(record: Record) -> dict[str, str]:
    """A model and what it was trained with, as the paper's tables have them."""
    random = ["random"] if record["randomization"] == "random_labels" else []
    alone = random and record["regularizer"] == "none"
    setting = ", ".join([*random, *([] if alone else [record["regularizer"]])])
    where = " (slides)" if record["source"] == "slides" else ""
    return {
        "of": "",
        "model": model_label(record["model"], record["batch_norm"]),
        "setting": setting + where,
        "number": _top(record) if record["source"] in TABLES["table_2"].sources else "",
    }


def _top(record: Record) -> str:
    return "top-5" if _PAIRED[record["metric"]] else "top-1"


def _listed(sources: Sequence[str]) -> str:
    return "(" + ", ".join(f"'{source}'" for source in sources) + ")"


def _grouped(records: Sequence[Record]) -> list[list[Record]]:
    """Numbers of one item and setting that the paper prints together."""
    groups: dict[Any, list[Record]] = {}
    for record in records:
        family = _PAIRED.get(record["metric"], record["metric"])
        settings = (record[s] for s in (*SETTINGS, *_KERNELS))
        where = (record["source"], record["dataset"], record["item"], family, *settings)
        groups.setdefault(where, []).append(record)
    return list(groups.values())


def _is_elsewhere(group: Sequence[Record]) -> bool:
    return group[0]["printed"] is None


def _elsewhere(groups: Sequence[Sequence[Record]]) -> bool:
    """Whether what was run is all of something that the paper has no numbers of."""
    ran = [group for group in groups if group[0]["n"]]
    return bool(ran) and all(map(_is_elsewhere, ran))


def _notes(marks: Sequence[str]) -> list[str]:
    if len(marks) == 1:
        return [f"the paper's numbers: [{marks[0]}] {CERTAINTY[marks[0]]}"]
    return [f"{mark}: {CERTAINTY[mark]}" for mark in marks]


def _settings(record: Record, varying: str) -> str:
    """What sets ours apart, and what a kernel was solved with: `n 10000, bandwidth 0.02`."""
    if not record["n"]:
        return ""
    words = {"n": "examples", "bandwidth": "bandwidth", "l2": "l2", "filters": "filters"}
    said = [f"{word} {_short(record[of])}" for word, of in words.items() if record[of]]
    return ", ".join([*said, *filter(None, [varying])])


def _short(value: float) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _runs(record: Record) -> str:
    return " × ".join(str(v) for v in (record["n"], record["epochs"]) if v is not None)


def _cell(group: Sequence[Record], text: Callable[[Record], str]) -> str:
    best = [f" ({text(r)})" for r in group if r["metric"].startswith("best_test")]
    others = [text(r) for r in group if not r["metric"].startswith("best_test")]
    # With intervals there is a place to break the line, so that no number is broken.
    return ("/" if all(len(t) < 8 for t in others) else " / ").join(others) + "".join(best)


def _printed(record: Record, fraction: float, offset: float = 0.0) -> float:
    """A value of ours in the unit in which the paper prints its own."""
    if record["unit"] == "accuracy in %":
        return 100 * (offset - fraction)
    return 100 * fraction if record["unit"] == "error in %" else fraction


def _number(record: Record, key: str) -> float | None:
    return None if record[key] is None else _printed(record, record[key], 1.0)


def _ours(record: Record) -> str:
    if record["ours"] is None:
        return NOTHING
    if record["unit"] == "weights":
        return f"{record['ours']:,.0f}"
    text = f"{_printed(record, record['ours'], 1.0):.2f}"
    width = record["interval"]
    return text if width is None else f"{text}±{abs(_printed(record, width)):.2f}"


def _verdict(group: Sequence[Record]) -> str:
    """The worst of theirs; with the width of what they agree within, where that is our interval."""
    verdict = str(min((r["verdict"] for r in group), key=_WORST_FIRST.index))
    wide = [r for r in group if r["interval"] is not None and r["interval"] == r["within"]]
    if verdict != "agrees" or not wide:
        return verdict
    return f"agrees within {max(abs(_printed(r, r['within'])) for r in wide):.2f}"


def _difference(record: Record) -> str:
    if record["difference"] is None:
        return ""
    difference = round(_printed(record, record["difference"]), 2) + 0.0  # no -0.00
    return f"{difference:+,.0f}" if record["unit"] == "weights" else f"{difference:+.2f}"


def _layout(several_marks: bool, elsewhere: bool) -> list[Column]:
    """several_marks: not all of the paper's numbers are equally certain.
    elsewhere:     none of them is there.
    """

    def printed(record: Record) -> str:
        mark = f" {record['certainty']}" if several_marks else ""
        return f"{record['printed']}{mark}"

    def paper(entry: Record) -> str:
        return "" if _is_elsewhere(entry["group"]) else _cell(entry["group"], printed)

    keep: Literal["always", "varying"] = "always" if elsewhere else "varying"
    names = [
        replace(DATASET, keep=keep),
        Column("of", keep="filled"),
        Column("model", keep=keep, unbroken=True),
        *(Column(name, keep="filled") for name in ("setting", "number", "settings")),
    ]
    ours = [
        Column("runs", "n", cell=_runs, align="left"),
        Column(
            "ours",
            lambda e: _number(e, "ours"),
            cell=lambda e: _cell(e["group"], _ours) if e["n"] else "",
        ),
    ]
    if elsewhere:
        return [*names, *ours]
    return [
        *names,
        Column("paper", lambda e: _number(e, "paper"), cell=paper),
        *ours,
        Column(
            "Δ",
            lambda e: e["group"][-1]["difference"],
            cell=lambda e: _difference(e["group"][-1]),
        ),
        Column("verdict", lambda e: _verdict(e["group"]), unsaid=("not in the paper",)),
    ]
