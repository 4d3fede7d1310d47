"""What Tune hears of a pack is passed on trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from gensweep.orchestrator.job import UNWRITABLE, Assignment, Progress
from gensweep.orchestrator.tuner import STRIKES, DisplayCallback, _Stopper


def heard(*ends: tuple[str, str]) -> dict[str, Any]:
    return {"progress": tuple(Progress(trial_id, status) for trial_id, status in ends)}


def tune_trial(*trial_ids: str) -> Any:
    pack = tuple(Assignment(trial_id, "noop", {}, 1) for trial_id in trial_ids)
    return SimpleNamespace(config={"pack": pack}, error_file=None)


def stops_after(reports: Sequence[dict[str, Any]]) -> list[bool]:
    stopper = _Stopper(lambda: False)
    stops = []
    for report in reports:
        assert not stopper("of Tune", report)
        stops.append(stopper.stop_all())
    return stops


def test_packs_in_a_row_that_could_not_be_written_end_the_tuner_and_count_once_each() -> None:
    lost = heard(("a", UNWRITABLE), ("b", UNWRITABLE), ("c", "running"))
    assert stops_after([lost] * STRIKES) == [False] * (STRIKES - 1) + [True]
    running, done = heard(("a", "running")), heard(("a", "done"), ("b", UNWRITABLE))
    assert stops_after([lost, running, lost, lost]) == [False, False, False, True]
    assert stops_after([lost, lost, done, lost, lost]) == [False] * 5


def test_the_last_that_was_heard_of_each_trial_is_kept() -> None:
    stopper = _Stopper(lambda: False)
    for report in (heard(("a", "running"), ("b", "running")), heard(("a", "done"))):
        stopper("of Tune", report)
    assert {i: p.status for i, p in stopper.last.items()} == {"a": "done", "b": "running"}


def test_a_worker_that_dies_is_lost_to_those_trials_that_have_not_ended(recorder: Any) -> None:
    display = recorder()
    tell, pack = DisplayCallback(display), tune_trial("a", "b", "c")
    tell.on_trial_start(0, [], pack)
    tell.on_trial_result(0, [], pack, heard(("a", "running"), ("b", "done")))
    tell.on_trial_error(0, [], pack)
    assert display.starts == ["a", "b", "c"]
    assert [p.trial_id for p in display.reports] == ["a", "b"]
    assert display.losses == ["a", "c"]
