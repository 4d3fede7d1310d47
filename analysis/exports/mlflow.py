"""A folder with an SQLite file for `mlflow ui`: a run per trial, in one experiment."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.exports.runs import Run, runs, seconds

FILE = "mlflow.db"
EXPERIMENT = "gensweep"
_MOST = 900  # of metrics in a batch; MLflow takes 1000
_STATUS = {
    "planned": "SCHEDULED",
    "running": "RUNNING",
    "interrupted": "KILLED",
    "done": "FINISHED",
    "diverged": "FAILED",
    "failed": "FAILED",
}
_TAGS = ("trial_id", "status", "host", "device", "git_commit", "error")


def write(db: Database, folder: Path, target: Path) -> None:
    """Errors and losses are metrics over epochs; `step_loss` is one over optimizer steps.

    Raises OSError where the file cannot be written.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nobody's business
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    for name in ("mlflow", "alembic"):  # after the import, which sets these levels itself
        logging.getLogger(name).setLevel(logging.WARNING)  # not a line per table it makes

    artifacts = (target.absolute() / "artifacts").as_uri()
    try:
        client = MlflowClient(tracking_uri=f"sqlite:///{(folder / FILE).absolute()}")
        experiment = client.create_experiment(EXPERIMENT, artifact_location=artifacts)
        for run in runs(db):
            _log(client, experiment, run)
    except (MlflowException, SQLAlchemyError) as error:
        raise OSError(str(error).partition("\n")[0]) from error


def _log(client: Any, experiment: str, run: Run) -> None:
    from mlflow.entities import Metric, Param, RunTag

    row = run.row
    started, finished = (_milliseconds(row[name]) for name in ("started_at", "finished_at"))
    made = client.create_run(experiment, start_time=started, run_name=run.name).info.run_id
    tags = [RunTag(name, str(row[name])) for name in _TAGS if row[name] is not None]
    tags.append(RunTag("sweeps", ", ".join(run.sweeps)))
    client.log_batch(made, params=[Param(k, str(v)) for k, v in run.settings.items()], tags=tags)
    last = max((point[3] for point in run.points), default=0.0)
    points = [*run.points, *((k, row["epochs_run"], v, last) for k, v in run.outcomes.items())]
    metrics = [Metric(name, value, int(1000 * time), step) for name, step, value, time in points]
    for first in range(0, len(metrics), _MOST):
        client.log_batch(made, metrics=metrics[first : first + _MOST])
    status = _STATUS[row["status"]]
    if finished:
        client.set_terminated(made, status, end_time=finished)
    else:
        client.update_run(made, status=status)


def _milliseconds(moment: Any) -> int | None:
    return int(1000 * seconds(moment)) if moment else None
