"""Trials are tried until they end, three times at most, and with as much of a GPU as they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import attempts as attempting
from orchestrator.attempts import ATTEMPTS, Attempts
from orchestrator.job import OUT_OF_MEMORY, Assignment, Progress
from orchestrator.plan import PlannedTrial
from orchestrator.store.statuses import TrialStatus
from trainables.trial import ClassifierTrial

ENDS = ("done", "diverged", "failed")
# What can become of a try: an end, no room on the GPU, or no word of an end in the store.
OUTCOMES = (*ENDS, OUT_OF_MEMORY, "died", "died unheard", "not written")
SHARES = (0.0, 0.1, 0.25, 0.3, 0.5, 1.0)


def planned(seed: int) -> PlannedTrial:
    return PlannedTrial(ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed), ())


@dataclass
class World:
    """What becomes of each trial's tries, in order; what has not been said is `done`."""

    outcomes: Mapping[str, Sequence[str]]
    rows: dict[str, TrialStatus] = field(default_factory=dict)
    tries: dict[str, list[Assignment]] = field(default_factory=dict)

    def run(self, assignments: Sequence[Assignment]) -> dict[str, Progress]:
        heard = {}
        for a in assignments:
            made = self.tries.setdefault(a.trial_id, [])
            told = self.outcomes.get(a.trial_id, ())
            outcome = told[len(made)] if len(made) < len(told) else "done"
            if outcome == OUT_OF_MEMORY and not 0.0 < a.gpu < 1.0:
                outcome = "failed"  # as a worker has it that cannot be given more
            made.append(a)
            if outcome != "died unheard":
                self.rows[a.trial_id] = TrialStatus("running", a.attempt)
                heard[a.trial_id] = Progress(a.trial_id, "running")
            if outcome in (OUT_OF_MEMORY, "not written"):
                heard[a.trial_id] = Progress(a.trial_id, outcome)
            elif outcome in ENDS:
                self.rows[a.trial_id] = TrialStatus(outcome, a.attempt)
        return heard

    def run_all(self, attempts: Attempts) -> list[list[Assignment]]:
        tuners = []
        while assignments := attempts.next():
            tuners.append(assignments)
            attempts.take(assignments, self.run(assignments), self.rows)
            assert len(tuners) < 200, "goes on without end"
        return tuners


def shares(outcomes: Sequence[str], gpu: float) -> list[float]:
    """The shares of a GPU with which a trial is tried, by the rules as they are told."""
    given, deaths = list[float](), 0
    for outcome in [*outcomes, "done"]:
        given.append(gpu)
        if outcome == OUT_OF_MEMORY and 0.0 < gpu < 1.0:
            gpu = min(1.0, 2 * gpu)
        elif outcome in (*ENDS, OUT_OF_MEMORY):
            break
        else:
            deaths += 1
            if deaths == 3:
                break
    return given


@given(
    outcomes=st.lists(st.lists(st.sampled_from(OUTCOMES), max_size=8), max_size=6),
    known=st.lists(st.integers(0, 5), min_size=6, max_size=6),
    gpu=st.sampled_from(SHARES),
    per_tuner=st.integers(1, 4),
)
def test_every_trial_is_tried_as_often_and_with_as_much_as_it_needs_and_no_more(
    outcomes: list[list[str]], known: list[int], gpu: float, per_tuner: int
) -> None:
    todo = [planned(seed) for seed in range(len(outcomes))]
    ids = [p.trial.trial_id for p in todo]
    before = {i: TrialStatus("interrupted", n) for i, n in zip(ids, known, strict=False) if n}
    world = World(dict(zip(ids, outcomes, strict=True)), dict(before))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempting, "PER_TUNER", per_tuner)
        tuners = world.run_all(Attempts(todo, before, gpu))

    for p, told, already in zip(todo, outcomes, known, strict=False):
        tries = world.tries[p.trial.trial_id]
        assert [a.gpu for a in tries] == shares(told, gpu)
        assert [a.attempt for a in tries] == [already + n for n in range(1, len(tries) + 1)]
        assert all((a.trainable, a.config) == ("classifier", p.trial.config()) for a in tries)
    for chunk in tuners:
        assert len({a.gpu for a in chunk}) == 1
        assert len(chunk) <= per_tuner
        order = [ids.index(a.trial_id) for a in chunk]
        assert order == sorted(set(order))


def test_a_trial_whose_workers_die_is_tried_three_times() -> None:
    trial = planned(0)
    world = World({trial.trial.trial_id: ["died", "died unheard", "died", "done"]})
    assert [a.attempt for (a,) in world.run_all(Attempts([trial], {}, 0.0))] == [1, 2, 3]
    assert ATTEMPTS == 3


def test_what_needs_more_of_a_gpu_gets_twice_as_much_up_to_a_whole_one() -> None:
    trial = planned(0)
    world = World({trial.trial.trial_id: [OUT_OF_MEMORY] * 9})
    given = [a.gpu for (a,) in world.run_all(Attempts([trial], {}, 0.15))]
    assert given == [0.15, 0.3, 0.6, 1.0]


def test_trials_that_need_more_wait_until_the_others_of_their_place_have_run() -> None:
    """And then run side by side: a Tuner gives equal shares to all."""
    todo = [planned(seed) for seed in range(6)]
    ids = [p.trial.trial_id for p in todo]
    world = World({ids[1]: [OUT_OF_MEMORY], ids[4]: [OUT_OF_MEMORY]})
    first, second = world.run_all(Attempts(todo, {}, 0.25))
    assert [a.trial_id for a in first] == ids
    assert [(a.trial_id, a.gpu) for a in second] == [(ids[1], 0.5), (ids[4], 0.5)]


def test_a_tuner_gets_no_more_trials_than_its_memory_is_good_for() -> None:
    todo = [planned(seed) for seed in range(2500)]
    tuners = World({}).run_all(Attempts(todo, {}, 0.0))
    assert [len(chunk) for chunk in tuners] == [1000, 1000, 500]
    ids = [a.trial_id for chunk in tuners for a in chunk]
    assert ids == [p.trial.trial_id for p in todo]


def test_without_trials_there_is_nothing_to_try() -> None:
    assert Attempts([], {}, 0.5).next() == []


def test_what_others_have_ended_in_the_meantime_is_not_tried_again() -> None:
    todo = [planned(0), planned(1)]
    attempts = Attempts(todo, {}, 0.0)
    assignments = attempts.next()
    attempts.take(assignments, {}, {todo[0].trial.trial_id: TrialStatus("done", 1)})
    assert [a.trial_id for a in attempts.next()] == [todo[1].trial.trial_id]


def test_a_failure_of_an_earlier_launch_is_no_end_of_the_attempt_that_was_asked_for() -> None:
    """The worker died while it loaded, and the store still says what it said before."""
    trial = planned(0)
    before = {trial.trial.trial_id: TrialStatus("failed", 1)}
    attempts = Attempts([trial], before, 0.0)
    attempts.take(attempts.next(), {}, before)
    assert [a.attempt for a in attempts.next()] == [3]


def test_out_of_memory_on_a_whole_gpu_is_a_try_like_any_other() -> None:
    trial = planned(0)
    attempts, tries = Attempts([trial], {}, 1.0), 0
    while (assignments := attempts.next()) and tries < 9:
        tries += 1
        heard = {a.trial_id: Progress(a.trial_id, OUT_OF_MEMORY) for a in assignments}
        attempts.take(assignments, heard, {})
    assert tries == 3
