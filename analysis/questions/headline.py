"""What a sweep found, in a few sentences: the report's first lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.axes import DATA, axes, judged_on
from gensweep.analysis.questions.convergence import times_to
from gensweep.analysis.questions.ranking import ranking
from gensweep.analysis.tables.groups import split
from gensweep.analysis.tables.labels import (
    MODELS_IN_ORDER,
    OTHERS_IN_ORDER,
    SETTINGS,
    in_percent,
    percent_interval,
)
from gensweep.analysis.tables.table import Table
from gensweep.trainables.models import model_label
from gensweep.trainables.shown import line, short
from gensweep.trainables.status import ENDED, Status
from gensweep.trainables.words import counted

NEEDS = "from trials"

_COUNTS = "select status, count(*) as n from trials group by status"
# What the trials that went wrong have in common and no other trial has.
_COMMON = """
select {level} as level from draws group by level
having count(*) filter (status = ?) > 0 and count(*) = count(*) filter (status = ?)
   and count(*) = (select count(*) from draws where status = ?)
"""
_CAUSES = """
select last_line(error) as cause, count(*) as n from trials
where status = ? and error is not null group by cause order by n desc, cause
"""
_PLAIN = f"""
from outcomes where randomization = 'random_labels' and regularizer = 'none'
order by {MODELS_IN_ORDER}
"""
_CORRUPTED = f"""
from corruption where regularizer = 'none' order by {MODELS_IN_ORDER}, {OTHERS_IN_ORDER}, corruption
"""
_LEAST_LEVELS = 3  # of p; fewer are true and random labels alone
# What a theory says of the results that its trainables have.
_THEORY = """
select statement, verdict, dataset from claims
where part in ('expressivity', 'minimum norm') and verdict <> 'not enough runs'
"""


def headline_table(db: Database) -> Table:
    """A row per sentence."""
    rows = [[sentence] for sentence in headline(db)]
    return Table("headline", ["sentence"], rows, title="In short", prose=True, sql=_COUNTS)


def headline(db: Database) -> list[str]:
    """How far the sweep is, what went wrong, and what it found."""
    counts = {row["status"]: row["n"] for row in db.table(_COUNTS).records()}
    ended = sum(n for status, n in counts.items() if status in ENDED)
    return [
        *_progress(counts, ended),
        *_wrong(db, counts),
        *_memorized(db),
        *_corrupted(db),
        *_best(db),
        *_theory(db),
    ]


def _progress(counts: Mapping[str, int], ended: int) -> Iterator[str]:
    trials = sum(counts.values())
    whole = counted(trials, "trial")
    if not trials:
        yield "There are no trials."
    elif not ended:
        yield f"None of {whole} has ended yet."
    elif ended < trials:
        have = "has" if ended == 1 else "have"
        yield f"{ended} of {whole} {have} ended; the others may change what follows."


def _wrong(db: Database, counts: Mapping[str, int]) -> Iterator[str]:
    trials = sum(counts.values())
    for status, verb in ((Status.FAILED, "failed"), (Status.DIVERGED, "diverged")):
        if not (n := counts.get(status, 0)):
            continue
        if n < trials:
            who = f"{n} of {counted(trials, 'trial')}"
        else:
            who = f"{_all(n)} trials" if n > 1 else "the trial"
        said = f"{who[0].upper()}{who[1:]} {verb}"
        common = _common(db, status) if n < trials else []
        if common:
            said += f", {'all' if n > 1 else 'the one'} with {', '.join(common)}"
        causes = db.table(_CAUSES, [status]).rows
        if status is Status.FAILED and causes:
            others = "" if len(causes) == 1 else f" (and {len(causes) - 1} other causes)"
            said += f": {short(line(causes[0][0]))}{others}"
        yield f"{said}."


def _common(db: Database, status: Status) -> list[str]:
    """The levels of axes that all trials of the status have, and no others."""
    found = []
    for axis in axes(db):
        rows = db.table(_COMMON.format(level=axis.level), [status] * 3).rows
        found += [axis.phrase(level) for (level,) in rows]
    return found


def _memorized(db: Database) -> Iterator[str]:
    """Whether networks without a regularizer fit random labels, and how much longer it takes."""
    plain = db.table(_PLAIN).records()
    longer = {
        record["setting_id"]: record["ratio"]
        for record in times_to(db, "train_error", 0.0, "epochs")
        if record["ratio"]
    }
    datasets = [*split(plain, "dataset")]
    for records in datasets:
        what = "random labels" + _of(records, datasets)
        models = [*split(records, "model", "batch_norm")]
        fitted = [settings for own in models if (settings := [r for r in own if r["fits"]])]
        if open_ := sum(not any(r["fits"] or r["long"] for r in own) for own in models):
            what_of_them = "was" if open_ == 1 else "were"
            short_of = f"; {open_} {what_of_them} not trained long enough to tell"
        else:
            short_of = ""
        ratios = [
            min(known)
            for own in fitted
            if (known := [longer[r["setting_id"]] for r in own if r["setting_id"] in longer])
        ]
        yield f"{_fitted_by(what, models, len(fitted))}{_slower(ratios, len(fitted))}{short_of}."


def _fitted_by(what: str, models: Sequence[Sequence[Mapping[str, Any]]], fitted: int) -> str:
    if len(models) == 1:
        ((first, *_),) = models
        verb = "fits" if fitted else "has not fitted"
        return f"{model_label(first['model'], first['batch_norm'])} {verb} {what}"
    whole = fitted == len(models)
    number = _all(fitted) if whole else f"{fitted or 'none'} of {len(models)}"
    return f"{what[0].upper()}{what[1:]} are fitted by {number} networks"


def _slower(ratios: Sequence[float], fitted: int) -> str:
    if not ratios:
        return ""
    low, high = (f"{value:.3g}" for value in (min(ratios), max(ratios)))
    times = low if low == high else f"{low} to {high}"
    who = "" if len(ratios) == fitted else f"{len(ratios)} of them "
    return f", {who}in {times} times as many epochs as true labels"


def _corrupted(db: Database) -> Iterator[str]:
    """What wrong labels cost, by the setting that was trained with the most values of p."""
    records = db.table(_CORRUPTED).records()
    settings = split(records, "dataset", "model", "batch_norm", *SETTINGS)
    curves = [own for own in settings if len(own) >= _LEAST_LEVELS]
    if curves:
        first, *_, last = max(curves, key=len)
        model = model_label(first["model"], first["batch_norm"])
        errors = " to ".join(f"{in_percent(r['test_error'])} %" for r in (first, last))
        levels = " to ".join(f"p = {r['corruption']:g}" for r in (first, last))
        yield f"From {levels} of redrawn labels, the test error of {model} goes from {errors}."


def _best(db: Database) -> Iterator[str]:
    """The best setting, and how far ahead of the next it is."""
    on = judged_on(db)
    ranked = [record for record in ranking(db, on) if record["test_error"] is not None]
    datasets = [*split(ranked, "dataset")]
    for records in datasets:
        first, *others = records
        where = DATA.label(on) + _of(records, datasets)
        error = f"{percent_interval(first['test_error'], first['test_error_interval'])} %"
        error += f" over {first['seeds']} seeds" if first["seeds"] > 1 else ""
        if others:
            best = f"On {where}, {_name(first, records)} is best: test error {error}"
            yield f"{best}{_ahead(others, records)}."
        else:
            yield f"{_name(first, records)} has a test error of {error} on {where}."


def _ahead(others: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]) -> str:
    tied = [record for record in others if record["verdict"] == "tied"]
    if tied:
        more = f" and {len(tied) - 1} more" if len(tied) > 1 else ""
        return f", tied with {_name(tied[0], records)}{more}"
    following = others[0]
    if following["difference"] is None:
        return ""
    points = f", {100 * following['difference']:.2f} points below {_name(following, records)}"
    return points if following["verdict"] else f"{points} (one seed each)"


def _name(record: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> str:
    """As little as tells a setting from the others: its model, its regularizer, all that varies."""
    model = model_label(record["model"], record["batch_norm"])
    several = len({(r["model"], r["batch_norm"]) for r in records}) > 1
    by_model = ("model", "batch_norm")
    if several and _alone(record, records, by_model):
        return model
    told = []
    # Where settings are told, they tell a regularizer's strength.
    if len({r["regularizer"] for r in records}) > 1:
        alone = _alone(record, records, (*by_model, "regularizer"))
        if alone or record["regularizer"] == "none":
            told.append(record["regularizer"].replace("none", "no regularizer"))
        if not alone:
            told.append(record["settings"])
    else:
        told.append(record["settings"])
    said = ", ".join(filter(None, told))
    return f"{model} with {said}" if several and said else said or model


def _alone(
    record: Mapping[str, Any], records: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> bool:
    """Whether no other record has the same values of these names."""
    return sum(all(r[name] == record[name] for name in names) for r in records) == 1


def _theory(db: Database) -> Iterator[str]:
    for records in split(db.table(_THEORY).records(), "statement", "verdict"):
        datasets = ", ".join(r["dataset"] for r in records if r["dataset"])
        on = f" on {datasets}" if datasets else ""
        yield f"{records[0]['statement']}: {records[0]['verdict']}{on}."


def _of(records: Sequence[Mapping[str, Any]], datasets: Sequence[object]) -> str:
    """The dataset of the records, where there are several."""
    return f" of {records[0]['dataset']}" if len(datasets) > 1 else ""


def _all(n: int) -> str:
    return "both" if n == 2 else f"all {n}"
