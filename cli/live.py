"""What `watch` shows of a sweep at one moment, on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gensweep.analysis.drawing.terminal import terminal
from gensweep.analysis.progress.watch import Moment
from gensweep.analysis.tables.figure import Curve, line_figure
from gensweep.analysis.tables.labels import with_interval
from gensweep.orchestrator.progress import sparkline
from gensweep.trainables.models import model_label
from gensweep.trainables.randomizations import randomization_label

_LISTED = 8  # rows of a list
_WIDE = 60  # columns that have room for sparklines too
_MARKS = {"done": ("✓", "green"), "diverged": ("≠", "yellow"), "failed": ("✗", "red")}


def lines(before: Moment | None, now: Moment) -> Iterator[str]:
    """The changes since the last look, for a pipe: one line per trial that ended, and one
    summary.
    """
    for trial_id, row in now.ended.items():
        if before and trial_id not in before.ended:
            yield f"{_MARKS[row['status']][0]} {now.labels[trial_id]}: {outcome(row)}"
    if before is None or (before.statuses, before.at_work) != (now.statuses, now.at_work):
        yield counts(now)


def counts(now: Moment) -> str:
    """Such as `3 of 12 done, 9 planned; no launch is running`."""
    others = [f"{n} {status}" for status, n in now.statuses.items() if status != "done"]
    said = ", ".join([f"{now.statuses.get('done', 0)} of {now.trials} done", *others])
    return said if now.at_work or now.over else f"{said}; no launch is running"


def outcome(row: dict[str, Any]) -> str:
    if row["status"] != "done":
        return str(row["status"])
    if row["final_train_error"] is None:
        return "done"
    return (
        f"epoch {row['epochs_run']}, train error {row['final_train_error']:.2%}, "
        f"test error {row['final_test_error']:.2%}"
    )


def picture(title: str, now: Moment, console: Console) -> RenderableType:
    """As much as fits the terminal; the plot is dropped first."""
    bar = ProgressBar(max(now.trials, 1), now.completed, width=min(console.width, 60))
    parts: list[RenderableType] = [Text(f"{title}: {counts(now)}", style="bold"), bar]
    room = console.height - 4
    for rows in (_running(now, console.width), _fits(now)):
        shown = rows[: max(0, min(_LISTED + 1, room - 2))]
        if shown:
            parts += ["", _columns(shown, console.width)]
            room -= 1 + len(shown)
        if len(rows) > len(shown) > 0:
            parts.append(Text(f"and {len(rows) - len(shown)} more", style="dim"))
            room -= 1
    plot = _plot(now, console.width)
    if 0 < len(plot) < room:
        parts += ["", *map(Text, plot)]
    return Group(*parts)


def _columns(rows: Sequence[Sequence[str]], width: int) -> Table:
    """The first column shrinks first."""
    needed = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)][1:]
    rest = max(width - sum(needed) - len(needed), 4)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=rest)
    for size in needed:
        grid.add_column(no_wrap=True, justify="right", min_width=size)
    for index, row in enumerate(rows):
        grid.add_row(*(Text(cell) for cell in row), style="" if index else "dim")
    return grid


def _running(now: Moment, width: int) -> list[list[str]]:
    if not now.running:
        return []
    rows = [["running", "epoch", "train %", "test %", ""]]
    for row in now.running:
        train, _ = now.curves.get(row["trial_id"], ([], []))
        errors = (
            with_interval(row[f"final_{kind}_error"], None, 100) for kind in ("train", "test")
        )
        epoch = f"{row['epochs_run']}/{row['epochs']}" if row["epochs"] else "–"
        rows.append([now.labels[row["trial_id"]], epoch, *errors, sparkline(list(train)[-6:])])
    return rows if width >= _WIDE else [row[:-1] for row in rows]


def _fits(now: Moment) -> list[list[str]]:
    if not now.fits:
        return []
    rows = [["ended", "fit epoch", "test %"]]
    for row in now.fits:
        label = f"{model_label(row['model'], row['batch_norm'])}, "
        label += randomization_label(row["randomization"], row["corruption"])
        label += "" if row["regularizer"] == "none" else f", {row['regularizer']}"
        fit = f"{row['fitted']} of {row['trials']}"
        if row["fit_epoch"] is not None:
            fit = f"{row['fit_epoch']:.4g}"
        rows.append([label, fit, with_interval(row["test_error"], None, 100)])
    return rows


def _plot(now: Moment, width: int) -> list[str]:
    """The learning curve of the trial that started last."""
    if now.newest is None:
        return []
    train, test = now.curves[now.newest["trial_id"]]
    x = [float(epoch) for epoch in range(1, len(train) + 1)]
    curves = [
        Curve(name, x, [100 * error for error in errors])
        for name, errors in (("train error", train), ("test error", test))
    ]
    figure = line_figure(curves, "epoch", "error %", x_end=x[-1], y_end=100.0)
    return [now.labels[now.newest["trial_id"]], *terminal(figure, max(width, 40)).splitlines()]
