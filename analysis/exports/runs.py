"""Trials as runs, which is what trackers of experiments know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import numpy as np

from gensweep.analysis.database.connection import Database
from gensweep.analysis.progress.trial import measured_once, measurements, trial_settings
from gensweep.analysis.tables.labels import trial_labels

CURVES = ("train_error", "test_error", "train_loss", "test_loss", "lr", "memorized_fraction")
OUTCOMES = ("fit_epoch", "final_train_error", "final_test_error", "best_test_error")

# name, step, value, seconds since 1970
Point = tuple[str, int, float, float]


@dataclass(frozen=True)
class Run:
    """row:      of the view `trials`.
    name:     what the trial is, and what sets it apart from the others.
    settings: every field of the trial.
    sweeps:   those it belongs to.
    points:   CURVES over epochs, `step_loss` over optimizer steps, and what a trial of the theory
              measured at several places.
    measured: what it measured once.
    """

    row: dict[str, Any]
    name: str
    settings: dict[str, Any]
    sweeps: list[str]
    points: list[Point]
    measured: dict[str, float]

    @property
    def outcomes(self) -> dict[str, float]:
        known = {name: float(self.row[name]) for name in OUTCOMES if self.row[name] is not None}
        return known | self.measured


def runs(db: Database) -> Iterator[Run]:
    sweeps = "select list(distinct sweep order by sweep) from sweep_trials where trial_id = ?"
    rows = db.table("from trials order by trial_id").records()
    for row, name in zip(rows, trial_labels(rows), strict=True):
        listed = db.table(sweeps, [row["trial_id"]]).rows[0][0] or []
        measured = measurements(db, row["trial_id"])
        end = seconds(row["finished_at"] or row["started_at"])
        points = [
            (m["name"], int(m["place"]), m["value"], end)
            for m in measured.records()
            if m["place"] is not None
        ]
        found = _points(db, row) + points
        yield Run(row, name, trial_settings(row), listed, found, measured_once(measured))


def seconds(moment: datetime | None) -> float:
    """Since 1970; what is stored is UTC without a zone."""
    return moment.replace(tzinfo=UTC).timestamp() if moment else 0.0


def _points(db: Database, row: dict[str, Any]) -> list[Point]:
    trial = [row["trial_id"]]
    epochs = db.table("from epochs where trial_id = ? order by epoch", trial).records()
    steps = db.table("from steps where trial_id = ? order by step", trial).records()
    started = seconds(row["started_at"])
    ends = list(accumulate((e["seconds"] for e in epochs), initial=started))
    points = [
        (name, epoch["epoch"], epoch[name], end)
        for epoch, end in zip(epochs, ends[1:], strict=True)
        for name in CURVES
        if epoch[name] is not None
    ]
    # When a window closed is not recorded; it lies between the ends of epochs.
    times = np.interp([s["step"] for s in steps], [0, *(e["step"] for e in epochs)], ends)
    return points + [
        ("step_loss", step["step"], step["train_loss"], float(time))
        for step, time in zip(steps, times, strict=True)
    ]
