"""Whether a sweep in a results folder is the one of a file, or another of the same name."""

from __future__ import annotations

from collections.abc import Sequence

from gensweep.orchestrator.plan import PlannedTrial
from gensweep.orchestrator.store.snapshot import Snapshot


def leaving(snapshot: Snapshot, sweep: str, planned: Sequence[PlannedTrial]) -> int:
    """How many trials a launch takes out of the sweep, because its file does not plan them.

    None, if the file is what it was or has grown.
    """
    names, ids = (snapshot.sweeps[column].to_pylist() for column in ("sweep", "trial_id"))
    before = {trial_id for name, trial_id in zip(names, ids, strict=True) if name == sweep}
    return len(before - {p.trial.trial_id for p in planned}) if before else 0
