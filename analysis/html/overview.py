"""What the results are, before what they say: how many trials, of which sweeps, made by what."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.html.cells import Sheet, sheet
from gensweep.analysis.progress.status import COUNTS, SWEEP_COLUMNS
from gensweep.analysis.tables.column import NOTHING, Column
from gensweep.analysis.tables.table import Table
from gensweep.trainables.status import Status

TOTALS = f"""
select
    count(*) as trials,
    {COUNTS},
    count(distinct seed) as seeds,
    count(distinct model) filter (network) as models,
    count(distinct dataset) as datasets,
    sum(epochs_run) as epochs,
    sum(wall_seconds) as seconds,
    min(started_at) as first_started,
    max(finished_at) as last_finished
from trials join trainables using (trainable)
"""
SWEEPS = f"""
select
    sweep,
    count(*) as trials,
    {COUNTS},
    min(started_at) as first_started,
    max(finished_at) as last_finished
from (select distinct sweep, trial_id from sweep_trials) join trials using (trial_id)
group by sweep
order by sweep
"""
VERSIONS = """
select
    git_commit, versions, device,
    count(*) as trials,
    count(distinct host) as hosts,
    min(started_at) as first_started,
    max(started_at) as last_started
from trials
where status <> 'planned'
group by git_commit, versions, device
order by first_started, git_commit, device
"""


@dataclass(frozen=True)
class Overview:
    """sweeps: their names. values: name and value of the page's first numbers. sql: what those
    come from."""

    sweeps: Sequence[str]
    values: Sequence[tuple[str, str]]
    sql: str
    tables: Sequence[Sheet]


def overview_of(db: Database) -> Overview:
    totals = db.table(TOTALS).records()[0]
    tables = [_sweeps(db), _versions(db)]
    sweeps = [row[0] for row in tables[0].rows]
    return Overview(sweeps, _values(totals), TOTALS.strip(), [sheet(t) for t in tables if t.rows])


def _values(totals: dict[str, Any]) -> list[tuple[str, str]]:
    statuses = [(s, f"{totals[s]:,}") for s in Status if totals[s] or s == Status.DONE]
    values = [("trials", f"{totals['trials']:,}"), *statuses]
    values += [(name, str(totals[name])) for name in ("models", "datasets", "seeds")]
    values.append(("epochs", f"{totals['epochs'] or 0:,}"))
    values.append(("time of all trials", duration(totals["seconds"] or 0)))
    if totals["first_started"]:
        days = [_day(totals[name]) for name in ("first_started", "last_finished")]
        values.append(("first started", days[0]))
        values.append(("last finished", days[1]))
    return values


def duration(seconds: float) -> str:
    """`50 s`, `12 min`, `3.5 h` or `12 d`: as exact as is read."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _day(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d") if moment else NOTHING


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else NOTHING


def _moments(write: Callable[[Any], str], *names: str) -> list[Column]:
    return [Column(name, text=write) for name in names]


def _sweeps(db: Database) -> Table:
    layout = [*SWEEP_COLUMNS, *_moments(_minute, "first_started", "last_finished")]
    return replace(db.table(SWEEPS, name="sweeps"), title="Sweeps", layout=layout, sql=SWEEPS)


def _versions(db: Database) -> Table:
    layout = [
        Column("git_commit", text=lambda commit: commit[:12]),
        Column("versions", text=_packages),
        Column("device"),
        Column("trials"),
        Column("hosts"),
        *_moments(_day, "first_started", "last_started"),
    ]
    found = db.table(VERSIONS, name="versions")
    return replace(found, title="Made by", layout=layout, sql=VERSIONS)


def _packages(versions: str) -> str:
    """`{"torch": "2.9", …}` as `torch 2.9, …`; text that is no such object as it is."""
    try:
        known = json.loads(versions)
    except ValueError:
        return versions
    if not isinstance(known, dict):
        return versions
    return ", ".join(f"{name} {version}" for name, version in known.items())
