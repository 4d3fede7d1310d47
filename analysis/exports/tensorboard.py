"""A folder for `tensorboard --logdir`: a run per trial, with its curves and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis.database import Database
from analysis.exports.runs import runs, seconds

_TAGS = {
    "train_error": "error/train",
    "test_error": "error/test",
    "train_loss": "loss/train",
    "test_loss": "loss/test",
    "step_loss": "loss/train_by_step",
}


def write(db: Database, folder: Path, target: Path) -> None:
    """Runs are named by trial; those that have not begun have none."""
    from tensorboardX import SummaryWriter  # type: ignore[import-untyped]
    from tensorboardX.summary import hparams  # type: ignore[import-untyped]

    for run in runs(db):
        if not run.points:
            continue
        started = seconds(run.row["started_at"])
        with SummaryWriter(str(folder / run.row["trial_id"])) as writer:
            outcomes = {f"outcome/{name}": value for name, value in run.outcomes.items()}
            for summary in hparams({k: _kept(v) for k, v in run.settings.items()}, outcomes):
                writer.file_writer.add_summary(summary, walltime=started)
            writer.add_text("trial", run.name, 0, started)
            for name, step, value, time in run.points:
                writer.add_scalar(_TAGS.get(name, name), value, step, time)
            last = max(point[3] for point in run.points)
            for tag, value in outcomes.items():
                writer.add_scalar(tag, value, run.row["epochs"], last)


def _kept(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
