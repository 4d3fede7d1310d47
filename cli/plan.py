"""`gensweep plan`: what a launch would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.labels import in_words
from gensweep.analysis.tables.shared_columns import REGULARIZER
from gensweep.analysis.tables.table import Table
from gensweep.cli.formats import Format
from gensweep.cli.options import RESULTS, FormatOption, Results, SafeCsv
from gensweep.cli.output import emit
from gensweep.cli.sweeps import (
    MAX_TRIALS,
    MaxTrials,
    Only,
    Set,
    Sweep,
    choose,
    read_sweep,
    warn_of_leaving,
)
from gensweep.trainables.fields import text
from gensweep.trainables.labels import labels, varying_fields
from gensweep.trainables.status import Status
from gensweep.trainables.words import duration

if TYPE_CHECKING:
    from gensweep.orchestrator.plan import PlannedTrial
    from gensweep.orchestrator.store.snapshot import Snapshot
    from gensweep.orchestrator.sweep import SweepSpec

# What a table of networks always shows, and the axes that are counted even where nothing varies.
_COLUMNS = ("model", "randomization", "corruption", "regularizer", "seed")
_AXES = ("dataset", "model", "batch_norm", "randomization", "corruption", "regularizer", "seed")
_LAYOUT = {
    column.name: column
    for column in (
        Column("trial_id", unbroken=True),
        Column("model", unbroken=True),
        Column("randomization", text=in_words, short="data"),
        Column("corruption", short="p"),
        REGULARIZER,
        Column("status", unbroken=True),
    )
}
_MOST_ROWS = 500  # of a table, for a person


def plan_command(
    sweep: Sweep,
    results: Results = RESULTS,
    only: Only = None,
    set_: Set = None,
    max_trials: MaxTrials = MAX_TRIALS,
    format_: FormatOption = None,
    safe_csv: SafeCsv = False,
) -> None:
    """Show a sweep's trials and what of them is done.

    Ends with an estimate of the rest.
    """
    spec, everything = read_sweep(sweep, set_, max_trials)
    show_plan(spec, everything, choose(everything, only), results, format_, safe_csv)


def show_plan(
    spec: SweepSpec,
    everything: Sequence[PlannedTrial],
    planned: Sequence[PlannedTrial],
    results: str,
    format: Format | None = None,
    safe_csv: bool = False,
) -> None:
    """Show the planned trials; `everything` is what the sweep has besides."""
    snapshot = known_results(results)
    known = known_statuses(snapshot)
    if snapshot:
        warn_of_leaving(snapshot, spec, everything)
    networks = [p for p in planned if p.trial.trains_network]
    others = [p for p in planned if not p.trial.trains_network]
    most = _MOST_ROWS if format in (None, Format.TABLE) else None
    tables = []
    if networks:
        varying = _varying(networks)
        tables += [trials_table(networks, known, varying, most), axes_table(networks, varying)]
    if others:
        tables.append(theory_table(others, known, most))
    if (format or Format.TABLE).readable:
        tables.append(summary_table(planned, known, results))
    emit(tables, format or Format.TABLE, safe_csv)


def known_results(results: str) -> Snapshot | None:
    """None where there are no results yet."""
    from gensweep.orchestrator.store.layout import Store
    from gensweep.orchestrator.store.location import locate
    from gensweep.orchestrator.store.snapshot import take_snapshot

    known = Store(locate(results)).marker.exists()
    return take_snapshot(Store.open(results)) if known else None


def known_statuses(snapshot: Snapshot | None) -> dict[str, Status]:
    """Status by trial id."""
    from gensweep.orchestrator.store.statuses import statuses

    return {i: s.status for i, s in statuses(snapshot).items()} if snapshot else {}


def trials_table(
    planned: Sequence[PlannedTrial],
    known: Mapping[str, Status],
    varying: Sequence[str],
    most: int | None,
) -> Table:
    """A row per trial, up to `most`, with a column for each field in which trials differ."""
    columns = ["trial_id", *_COLUMNS, *varying, "epochs"]
    rows = [
        [
            *(getattr(p.trial, name) for name in columns),
            known.get(p.trial.trial_id, Status.PLANNED),
            ", ".join(p.feeds),
        ]
        for p in planned[:most]
    ]
    columns += ["status", "feeds"]
    layout = [_LAYOUT.get(name, Column(name)) for name in columns]
    return Table("trials", columns, rows, "Trials", layout, notes=_left_out(planned, most))


def _left_out(planned: Sequence[PlannedTrial], most: int | None) -> list[str]:
    more = len(planned) - most if most else 0
    return [f"and {more} more rows: see them with --format csv"] if more > 0 else []


def _varying(planned: Sequence[PlannedTrial]) -> list[str]:
    """The fields that tell networks apart and have no column, in the order of their declaration:
    what their titles do not tell, and of what those do, the dataset and batch normalization.
    """
    trials = [p.trial for p in planned]
    varying = varying_fields(trials) - {*_COLUMNS, "epochs"}
    if len({trial.dataset for trial in trials}) > 1:
        varying |= {"dataset"}
    normalized = set(map(attrgetter("model", "batch_norm"), trials))
    if len(normalized) > len({model for model, _ in normalized}):
        varying |= {"batch_norm"}
    return [name for name in trials[0].fields() if name in varying]


def theory_table(
    planned: Sequence[PlannedTrial], known: Mapping[str, Status], most: int | None
) -> Table:
    """The trials that train no network, which have settings of their own."""
    rows = [
        [p.trial.trial_id, label, known.get(p.trial.trial_id, Status.PLANNED), ", ".join(p.feeds)]
        for p, label in zip(planned[:most], labels([p.trial for p in planned]), strict=False)
    ]
    columns = ["trial_id", "trial", "status", "feeds"]
    return Table("theory", columns, rows, title="Theory", notes=_left_out(planned, most))


def axes_table(planned: Sequence[PlannedTrial], varying: Sequence[str]) -> Table:
    """How many trials have each value of each axis."""
    rows = [
        [axis, text(value), count]
        for axis in dict.fromkeys((*_AXES, *varying))
        for value, count in _counted(getattr(p.trial, axis) for p in planned)
    ]
    feeds = Counter(feed for p in planned for feed in p.feeds)
    rows += [["feeds", feed, count] for feed, count in feeds.items()]
    return Table("axes", ["axis", "value", "trials"], rows, title="Trials per axis")


def _counted(values: Iterable[object]) -> list[tuple[object, int]]:
    """Numbers in their order, names in that of the file."""
    counts = list(Counter(values).items())
    return sorted(counts, key=lambda c: c[0] if isinstance(c[0], float) else 0.0)


def summary_table(
    planned: Sequence[PlannedTrial], known: Mapping[str, Status], results: str
) -> Table:
    """What is done, and how long the rest would take at the speeds measured so far."""
    # Without results no id has to be made, which takes longest where there are many trials.
    said = [
        known.get(p.trial.trial_id, Status.PLANNED) if known else Status.PLANNED for p in planned
    ]
    todo = [p for p, status in zip(planned, said, strict=True) if not status.ended]
    counts = Counter(said)
    parts = ", ".join(f"{count} {status}" for status, count in counts.items())
    notes = [f"{len(planned)} trials" + (f": {parts}" if parts else "")]
    if todo:
        notes.append(_estimate(todo, _seconds_per_epoch(results) if known else {}))
    return Table("summary", [], [], title="Summary", notes=notes)


def _estimate(todo: Sequence[PlannedTrial], speeds: Mapping[tuple[str, str], float]) -> str:
    likes = [
        (p.trial.max_epochs, speeds.get((p.trial.dataset, getattr(p.trial, "model", ""))))
        for p in todo
        if p.trial.trains_network
    ]
    measured = [epochs * speed for epochs, speed in likes if speed is not None]
    if not measured:
        return f"{len(todo)} to run; no estimate, as no trial like them has been measured here yet"
    rest = len(todo) - len(measured)
    unknown = f", and {rest} trials of kinds not measured yet" if rest else ""
    return f"{len(todo)} to run: about {duration(sum(measured))} of one trial at a time{unknown}"


def _seconds_per_epoch(results: str) -> dict[tuple[str, str], float]:
    from gensweep.analysis.database.connection import Database

    query = """
        select dataset, model, median(wall_seconds / epochs_run) from trials
        where epochs_run > 0 group by all
    """
    with Database(results) as db:
        return {(row[0], row[1]): row[2] for row in db.table(query).rows}
