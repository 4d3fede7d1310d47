"""Workers are killed while a sweep runs: it goes on, and has in the end the rows of one that nobody
disturbed.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gensweep
from gensweep.orchestrator.remaining import LaunchOutcome
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.statuses import TrialStatus
from gensweep.trainables.classifier.checkpoint import Saved, deserialize
from gensweep.trainables.records import Epoch

WOUNDED = "[[grid]]\nepochs = 300\n"
DOOMED = "[[grid]]\nepochs = 2\nseed = 1\n"
RAISES = '[[grid]]\ndataset = "cifar10"\nepochs = 1\n'
DIVERGES = "[[grid]]\nlr = 1e30\nepochs = 1\n"
FINE = "[[grid]]\nepochs = 2\nseed = 2\n"
ALL = WOUNDED + DOOMED + RAISES + DIVERGES + FINE


@dataclass
class Disturbed:
    """What became of a sweep while its workers were killed, and of retrying what failed.

    saved: the checkpoint of the trial that lost one worker, when it had lost it.
    """

    sweep: Any
    saved: Saved
    first: LaunchOutcome
    losses: Counter[str]
    statuses: list[TrialStatus]
    again: LaunchOutcome
    starts: set[str]


@pytest.fixture(scope="module")
def disturbed(
    tmp_path_factory: pytest.TempPathFactory,
    launch: Callable[..., LaunchOutcome],
    recorder: Any,
    sweep: Any,
    cifar10: Any,
    workers: Callable[[], list[int]],
) -> Disturbed:
    """One trial loses a worker when it has a checkpoint, one every worker that it gets."""
    made = sweep(tmp_path_factory.mktemp("disturbed"), ALL)
    cifar10(made.folder / "data", damaged=True)
    wounded, doomed, *_ = made.ids
    checkpoint = Store.create(made.folder / "results").checkpoint_file(wounded)
    display, saved = recorder(), []

    def kill() -> None:
        for pid in workers():
            os.kill(pid, signal.SIGKILL)

    def at_start() -> None:
        if display.starts[-1] == doomed:
            kill()

    def at_report() -> None:
        if not saved and checkpoint.exists():
            kill()
            saved.append(deserialize(checkpoint.read_bytes(), made.planned[0].trial))

    display.at_start, display.at_report = at_start, at_report
    first = launch(made.text, made.folder, display)
    stand = made.known()
    cifar10(made.folder / "data", damaged=False)
    later = recorder()
    again = launch(made.text, made.folder, later, retry_failed=True)
    losses, starts = Counter(display.losses), set(later.starts)
    return Disturbed(made, saved[0], first, losses, stand, again, starts)


def test_a_trial_loses_a_worker_and_goes_on_and_one_that_loses_three_is_given_up(
    disturbed: Disturbed,
) -> None:
    wounded, doomed, *_ = disturbed.sweep.ids
    assert disturbed.losses == {wounded: 1, doomed: 3}
    assert disturbed.statuses == [
        TrialStatus("done", 2),
        TrialStatus("failed", 3),
        TrialStatus("failed", 1),  # raises: tried once
        TrialStatus("diverged", 1),  # is an answer: tried once
        TrialStatus("done", 1),
    ]
    assert disturbed.first == LaunchOutcome(
        Counter(done=2, failed=2, diverged=1), interrupted=False
    )


def test_it_goes_on_from_its_checkpoint_with_the_very_rows_that_are_in_there(
    disturbed: Disturbed,
) -> None:
    """Seconds are measured, and so are not the same twice."""
    saved = [record.seconds for record in disturbed.saved.records if isinstance(record, Epoch)]
    with gensweep.connect(disturbed.sweep.folder / "results") as db:
        mine = f"where trial_id = '{disturbed.saved.trial_id}'"
        found = db.table(f"select seconds from epochs {mine} order by epoch").rows
    assert saved
    assert [seconds for (seconds,) in found[: len(saved)]] == saved


def test_failed_trials_run_again_on_request_and_the_others_do_not(disturbed: Disturbed) -> None:
    _, doomed, raises, *_ = disturbed.sweep.ids
    assert disturbed.starts == {doomed, raises}
    assert disturbed.again == LaunchOutcome(Counter(done=4, diverged=1), interrupted=False)
    assert [status.attempts for status in disturbed.sweep.known()] == [2, 4, 2, 1, 1]


def test_after_all_that_the_rows_are_those_of_an_undisturbed_run(
    disturbed: Disturbed, tmp_path: Path, sweep: Any, cifar10: Any
) -> None:
    cifar10(tmp_path / "data", damaged=False)
    undisturbed = sweep(tmp_path, ALL)
    undisturbed.run_here()
    assert disturbed.sweep.rows() == undisturbed.rows()
