"""The display of a launch: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from gensweep.orchestrator.attempts import ATTEMPTS
from gensweep.orchestrator.display import Display
from gensweep.orchestrator.job import AGAIN
from gensweep.orchestrator.job import Progress as TrialProgress
from gensweep.trainables.labels import labels
from gensweep.trainables.status import Status
from gensweep.trainables.trial import Trial

_BARS = "▁▂▃▄▅▆▇█"
_POINTS = 12  # of a sparkline
_AGAIN = "↻"  # marks what is tried again
PLAIN_SECONDS = 30.0  # between two plain lines about running trials


def sparkline(values: list[float]) -> str:
    """The last values as bars; the highest of all values is a full bar."""
    top = max(values, default=0.0) or 1.0
    return "".join(_BARS[round(v / top * (len(_BARS) - 1))] for v in values[-_POINTS:])


class _State:
    """The reported progress of all trials so far."""

    def __init__(self, trials: Mapping[str, Trial]) -> None:
        self.trials = trials
        self.labels = dict(zip(trials, labels([*trials.values()]), strict=True))
        self.running: dict[str, TrialProgress] = {}
        self.curves: dict[str, list[float]] = {}
        self.ended: dict[str, str] = {}
        self.deaths: Counter[str] = Counter()

    def lose(self, trial_id: str, reason: str) -> Text:
        """Take note that a trial's worker died; return the line that says so."""
        self.running.pop(trial_id, None)
        self.deaths[trial_id] += 1
        return _death(self.labels[trial_id], reason, self.deaths[trial_id])

    def take(self, progress: TrialProgress) -> None:
        trial_id = progress.trial_id
        curve = self.curves.setdefault(trial_id, [])
        if progress.train_error is not None:
            curve.append(progress.train_error)
        if progress.status == Status.RUNNING:
            self.running[trial_id] = progress
            return
        self.running.pop(trial_id, None)
        if progress.status not in AGAIN:
            self.ended[trial_id] = progress.status

    def epochs(self, trial_id: str) -> int:
        """How many a trial may run; 0 if it trains no network."""
        return self.trials[trial_id].max_epochs

    @property
    def completed(self) -> float:
        """The number of ended trials, plus the completed shares of running ones."""
        parts = [p.epoch / (self.epochs(p.trial_id) or 1) for p in self.running.values()]
        return len(self.ended) + sum(parts)


def outcome(label: str, progress: TrialProgress) -> Text:
    """The outcome of a trial, in one line."""
    styles: dict[str, tuple[str, str]] = {
        Status.DONE: ("✓", "green"),
        Status.DIVERGED: ("≠", "yellow"),
        **dict.fromkeys(AGAIN, (_AGAIN, "yellow")),
    }
    mark, style = styles.get(progress.status, ("✗", "red"))
    line = Text(f"{mark} ", style=style) + Text(f"{label}: ")
    if progress.status != Status.DONE:
        return line + Text(f"{progress.status}: {progress.error}", style=style)
    return line + Text(_figures(progress))


def _death(label: str, reason: str, deaths: int) -> Text:
    """deaths: of this trial's workers in this launch, with this one."""
    said = f"{label}: its worker died: {reason}"
    if deaths < ATTEMPTS:
        return Text(f"{_AGAIN} {said}; retry {deaths} of {ATTEMPTS - 1}", style="yellow")
    return Text(f"✗ {said}", style="red")


def _figures(progress: TrialProgress) -> str:
    if progress.measured:
        return progress.measured
    if progress.train_error is None or progress.test_error is None:
        loss = "" if progress.train_loss is None else f", loss {progress.train_loss:.3g}"
        return f"epoch {progress.epoch}{loss}"
    return (
        f"epoch {progress.epoch}, train error {progress.train_error:.2%}, "
        f"test error {progress.test_error:.2%}"
    )


class PlainDisplay(Display):
    """A line for every trial that ends, and from time to time one for running trials."""

    def __init__(self, console: Console, trials: Mapping[str, Trial]) -> None:
        self._console = console
        self._state = _State(trials)
        self._spoke: dict[str, float] = {}

    def started(self, trial_id: str) -> None:
        self._spoke[trial_id] = time.monotonic()

    def progressed(self, progress: TrialProgress) -> None:
        self._state.take(progress)
        label = self._state.labels[progress.trial_id]
        count = f"[{len(self._state.ended)}/{len(self._state.trials)}] "
        if progress.status != Status.RUNNING:
            self._console.print(Text(count) + outcome(label, progress), soft_wrap=True)
        elif time.monotonic() - self._spoke.get(progress.trial_id, 0.0) >= PLAIN_SECONDS:
            self._spoke[progress.trial_id] = time.monotonic()
            self._console.print(f"{count}… {label}: {_figures(progress)}", soft_wrap=True)

    def lost(self, trial_id: str, reason: str) -> None:
        self._console.print(self._state.lose(trial_id, reason), soft_wrap=True)

    def said(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)


class LiveDisplay(Display):
    """An overall bar with the time left, and a line per running trial."""

    def __init__(self, console: Console, trials: Mapping[str, Trial]) -> None:
        self._console = console
        self._state = _State(trials)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("trials", total=len(trials))

    def started(self, trial_id: str) -> None:
        self._state.running[trial_id] = TrialProgress(trial_id, Status.RUNNING)

    def progressed(self, progress: TrialProgress) -> None:
        self._state.take(progress)
        self._bar.update(self._task, completed=self._state.completed)
        if progress.status != Status.RUNNING:
            self._console.print(outcome(self._state.labels[progress.trial_id], progress))

    def lost(self, trial_id: str, reason: str) -> None:
        self._console.print(self._state.lose(trial_id, reason))

    def said(self, line: str) -> None:
        self._console.print(Text(line))

    def __rich__(self) -> RenderableType:
        lines = Table.grid(padding=(0, 2))
        for trial_id, progress in self._state.running.items():
            label = self._state.labels[trial_id]
            epochs = self._state.epochs(trial_id)
            if not epochs:
                lines.add_row(Text(label, overflow="fold"), Text(progress.measured))
                continue
            lines.add_row(
                Text(label, overflow="ellipsis", no_wrap=True),
                Text(f"{progress.epoch}/{epochs}", style="dim"),
                Text(_short("train", progress.train_error)),
                Text(_short("test", progress.test_error)),
                Text(sparkline(self._state.curves.get(trial_id, [])), style="cyan"),
            )
        return Group(self._bar, lines)


def _short(what: str, error: float | None) -> str:
    return f"{what} {error:.2%}" if error is not None else f"{what} –"


@contextmanager
def show_progress(
    console: Console, trials: Mapping[str, Trial]
) -> Iterator[LiveDisplay | PlainDisplay]:
    """The display that suits the console, for the duration of the block."""
    if not console.is_terminal:
        yield PlainDisplay(console, trials)
        return
    display = LiveDisplay(console, trials)
    with Live(display, console=console, refresh_per_second=4, transient=True):
        yield display
