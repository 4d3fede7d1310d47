"""A folder for `tensorboard --logdir`: a run per trial, with its curves and settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.exports.runs import Run, runs, seconds

_TAGS = {
    "train_error": "error/train",
    "test_error": "error/test",
    "train_loss": "loss/train",
    "test_loss": "loss/test",
    "step_loss": "loss/train_by_step",
}


def write(db: Database, folder: Path, target: Path) -> None:
    """Runs are named by trial; those that have not begun have none. Raises OSError."""
    # Not SummaryWriter: it writes from a thread, and waits for ever where that found a full disk.
    from tensorboardX.event_file_writer import EventsWriter  # type: ignore[import-untyped]

    for run in runs(db):
        if run.points:
            place = folder / run.row["trial_id"]
            place.mkdir()
            events = EventsWriter(str(place / "events"))
            for event in _events(run):
                events.write_event(event)
            events.close()


def _events(run: Run) -> Iterator[Any]:
    from tensorboardX.proto.event_pb2 import Event  # type: ignore[import-untyped]
    from tensorboardX.summary import hparams, scalar, text  # type: ignore[import-untyped]

    started = seconds(run.row["started_at"])
    outcomes = {f"outcome/{name}": value for name, value in run.outcomes.items()}
    for summary in hparams({k: _kept(v) for k, v in run.settings.items()}, outcomes):
        yield Event(wall_time=started, summary=summary)
    yield Event(wall_time=started, summary=text("trial", run.name))
    for name, step, value, time in run.points:
        yield Event(wall_time=time, step=step, summary=scalar(_TAGS.get(name, name), value))
    last = max(point[3] for point in run.points)
    for tag, value in outcomes.items():
        yield Event(wall_time=last, step=run.row["epochs_run"], summary=scalar(tag, value))


def _kept(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
