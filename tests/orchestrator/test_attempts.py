"""Trials are tried until they end, three times at most, and with as much of a GPU as they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.orchestrator import attempts as attempting
from gensweep.orchestrator.attempts import ATTEMPTS, Attempts
from gensweep.orchestrator.job import (
    OUT_OF_MEMORY,
    UNPACKED,
    UNWRITABLE,
    Assignment,
    Pack,
    Progress,
)
from gensweep.orchestrator.plan import PlannedTrial
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.store.statuses import TrialStatus
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.status import Status

ENDS = ("done", "diverged", "failed")
# What can become of a try: an end, no room on the GPU, or no word of an end in the store.
OUTCOMES = (*ENDS, OUT_OF_MEMORY, "died", "died unheard", UNWRITABLE)
SHARES = (0.0, 0.1, 0.25, 0.3, 0.5, 1.0)


def planned(seed: int) -> PlannedTrial:
    return PlannedTrial(ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed), ())


@dataclass
class World:
    """What becomes of each trial's tries, in order; what has not been said is `done`.

    A trial that would fail or has no room takes the pack apart that it is in, and one whose worker
    dies or cannot write takes its pack along; trials that are done or diverged by then are so.
    """

    outcomes: Mapping[str, Sequence[str]]
    workers: int = 1
    rows: dict[str, TrialStatus] = field(default_factory=dict)
    tries: dict[str, list[Assignment]] = field(default_factory=dict)
    packed: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def run(self, packs: Sequence[Pack]) -> dict[str, Progress]:
        heard = {}
        for pack in packs:
            told = {a.trial_id: self._outcome(a) for a in pack}
            cause = next((o for o in told.values() if o not in ("done", "diverged")), "done")
            if len(pack) > 1 and cause in ("failed", OUT_OF_MEMORY):
                cause = UNPACKED
            for a in pack:
                own = told[a.trial_id]
                outcome = own if own in ("done", "diverged") else cause
                self.tries.setdefault(a.trial_id, []).append(a)
                self.packed.setdefault(a.trial_id, []).append((len(pack), outcome))
                if outcome != "died unheard":
                    self.rows[a.trial_id] = TrialStatus(Status.RUNNING, a.attempt)
                    heard[a.trial_id] = Progress(a.trial_id, "running")
                if outcome in (OUT_OF_MEMORY, UNPACKED, UNWRITABLE):
                    heard[a.trial_id] = Progress(a.trial_id, outcome)
                elif outcome in ENDS:
                    self.rows[a.trial_id] = TrialStatus(Status(outcome), a.attempt)
        return heard

    def _outcome(self, a: Assignment) -> str:
        told, made = self.outcomes.get(a.trial_id, ()), len(self.tries.get(a.trial_id, ()))
        outcome = told[made] if made < len(told) else "done"
        if outcome == OUT_OF_MEMORY and not 0.0 < a.gpu < 1.0:
            return "failed"  # as a worker has it that cannot be given more
        return outcome

    def run_all(self, attempts: Attempts) -> list[list[Pack]]:
        tuners = []
        while packs := attempts.next(self.workers):
            tuners.append(packs)
            attempts.take(packs, self.run(packs), self.rows)
            assert len(tuners) < 200, "goes on without end"
        return tuners


def alone(tuner: list[Pack]) -> list[Assignment]:
    """What a Tuner without packs consists of."""
    return [assignment for (assignment,) in tuner]


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
    before = {i: TrialStatus(Status.INTERRUPTED, n) for i, n in zip(ids, known, strict=False) if n}
    world = World(dict(zip(ids, outcomes, strict=True)), rows=dict(before))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempting, "PER_TUNER", per_tuner)
        tuners = world.run_all(Attempts(todo, before, Resources(gpu=gpu)))

    for p, told, already in zip(todo, outcomes, known, strict=False):
        tries = world.tries[p.trial.trial_id]
        assert [a.gpu for a in tries] == shares(told, gpu)
        assert [a.attempt for a in tries] == [already + n for n in range(1, len(tries) + 1)]
        assert all((a.trainable, a.config) == ("classifier", p.trial.config()) for a in tries)
    for chunk in map(alone, tuners):
        assert len({a.gpu for a in chunk}) == 1
        assert len(chunk) <= per_tuner
        order = [ids.index(a.trial_id) for a in chunk]
        assert order == sorted(set(order))


def test_a_trial_whose_workers_die_is_tried_three_times() -> None:
    trial = planned(0)
    world = World({trial.trial.trial_id: ["died", "died unheard", "died", "done"]})
    assert [a.attempt for ((a,),) in world.run_all(Attempts([trial], {}, Resources()))] == [1, 2, 3]
    assert ATTEMPTS == 3


def test_what_needs_more_of_a_gpu_gets_twice_as_much_up_to_a_whole_one() -> None:
    trial = planned(0)
    world = World({trial.trial.trial_id: [OUT_OF_MEMORY] * 9})
    given = [a.gpu for ((a,),) in world.run_all(Attempts([trial], {}, Resources(gpu=0.15)))]
    assert given == [0.15, 0.3, 0.6, 1.0]


def test_trials_that_need_more_wait_until_the_others_of_their_place_have_run() -> None:
    """And then run side by side: a Tuner gives equal shares to all."""
    todo = [planned(seed) for seed in range(6)]
    ids = [p.trial.trial_id for p in todo]
    world = World({ids[1]: [OUT_OF_MEMORY], ids[4]: [OUT_OF_MEMORY]})
    first, second = map(alone, world.run_all(Attempts(todo, {}, Resources(gpu=0.25))))
    assert [a.trial_id for a in first] == ids
    assert [(a.trial_id, a.gpu) for a in second] == [(ids[1], 0.5), (ids[4], 0.5)]


def test_a_tuner_gets_no_more_trials_than_its_memory_is_good_for() -> None:
    todo = [planned(seed) for seed in range(2500)]
    tuners = [alone(tuner) for tuner in World({}).run_all(Attempts(todo, {}, Resources()))]
    assert [len(chunk) for chunk in tuners] == [1000, 1000, 500]
    ids = [a.trial_id for chunk in tuners for a in chunk]
    assert ids == [p.trial.trial_id for p in todo]


def test_without_trials_there_is_nothing_to_try() -> None:
    assert Attempts([], {}, Resources(gpu=0.5)).next(workers=1) == []


def test_what_others_have_ended_in_the_meantime_is_not_tried_again() -> None:
    todo = [planned(0), planned(1)]
    attempts = Attempts(todo, {}, Resources())
    attempts.take(attempts.next(1), {}, {todo[0].trial.trial_id: TrialStatus(Status.DONE, 1)})
    assert [a.trial_id for a in alone(attempts.next(1))] == [todo[1].trial.trial_id]


def test_a_failure_of_an_earlier_launch_is_no_end_of_the_attempt_that_was_asked_for() -> None:
    """The worker died while it loaded, and the store still says what it said before."""
    trial = planned(0)
    before = {trial.trial.trial_id: TrialStatus(Status.FAILED, 1)}
    attempts = Attempts([trial], before, Resources())
    attempts.take(attempts.next(1), {}, before)
    assert [a.attempt for a in alone(attempts.next(1))] == [3]


def test_out_of_memory_on_a_whole_gpu_is_a_try_like_any_other() -> None:
    trial = planned(0)
    attempts, tries = Attempts([trial], {}, Resources(gpu=1.0)), 0
    while (packs := attempts.next(1)) and tries < 9:
        tries += 1
        heard = {a.trial_id: Progress(a.trial_id, OUT_OF_MEMORY) for a in alone(packs)}
        attempts.take(packs, heard, {})
    assert tries == 3


PACKED = Resources(pack=3)


def sizes(world: World, trial: PlannedTrial) -> list[int]:
    """Of the packs in which a trial was tried."""
    return [size for size, _ in world.packed[trial.trial.trial_id]]


@given(
    outcomes=st.lists(st.lists(st.sampled_from(OUTCOMES), max_size=8), max_size=8),
    gpu=st.sampled_from(SHARES),
    pack=st.integers(2, 5),
    workers=st.integers(1, 3),
    per_tuner=st.integers(1, 6),
)
def test_a_trial_in_packs_ends_or_has_three_tries_and_is_alone_after_what_was_no_end(
    outcomes: list[list[str]], gpu: float, pack: int, workers: int, per_tuner: int
) -> None:
    todo = [planned(seed) for seed in range(len(outcomes))]
    ids = [p.trial.trial_id for p in todo]
    world = World(dict(zip(ids, outcomes, strict=True)), workers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempting, "PER_TUNER", per_tuner)
        tuners = world.run_all(Attempts(todo, {}, Resources(gpu=gpu, pack=pack)))

    for trial_id in ids:
        made = world.packed[trial_id]
        lost = [o for _, o in made if o not in (*ENDS, UNPACKED, OUT_OF_MEMORY)]
        assert (made[-1][1] in ENDS) != (len(lost) == 3)
        assert not [o for _, o in made[:-1] if o in ENDS]
        apart = next((n for n, (_, o) in enumerate(made) if o != UNWRITABLE), len(made))
        assert all(size == 1 for size, _ in made[apart + 1 :])
        attempts = [a.attempt for a in world.tries[trial_id]]
        assert attempts == list(range(1, len(made) + 1))
    for tuner in tuners:
        assert len({a.gpu for one in tuner for a in one}) == 1
        assert sum(map(len, tuner)) <= per_tuner


def test_a_pack_that_cannot_go_on_costs_no_trial_of_it_a_try() -> None:
    """And each of them then ends as it does alone."""
    todo = [planned(seed) for seed in range(3)]
    told = (["failed", "done"], ["failed", "died", "died", "failed"], ["diverged"])
    world = World({p.trial.trial_id: own for p, own in zip(todo, told, strict=True)})
    world.run_all(Attempts(todo, {}, PACKED))
    assert [sizes(world, p) for p in todo] == [[3, 1], [3, 1, 1, 1], [3]]
    assert [world.rows[p.trial.trial_id].status for p in todo] == ["done", "failed", "diverged"]


def test_a_worker_that_dies_with_a_pack_costs_each_trial_that_has_not_ended_a_try() -> None:
    todo = [planned(seed) for seed in range(3)]
    names = [p.trial.trial_id for p in todo]
    world = World({names[0]: ["died unheard"] * 9, names[1]: ["died unheard", "done"]})
    world.run_all(Attempts(todo, {}, PACKED))
    assert [sizes(world, p) for p in todo] == [[3, 1, 1], [3, 1], [3]]


def test_a_trial_that_is_alone_for_lack_of_memory_gets_a_larger_share() -> None:
    """Packs do not: they are taken apart first."""
    todo = [planned(seed) for seed in range(3)]
    hungry = todo[1].trial.trial_id
    world = World({hungry: [OUT_OF_MEMORY] * 3, todo[0].trial.trial_id: [OUT_OF_MEMORY, "done"]})
    world.run_all(Attempts(todo, {}, Resources(gpu=0.25, pack=3)))
    assert [a.gpu for a in world.tries[hungry]] == [0.25, 0.25, 0.5, 1.0]
    assert sizes(world, todo[1]) == [3, 1, 1, 1]


def test_trials_whose_rows_could_not_be_written_may_run_in_a_pack_again() -> None:
    todo = [planned(seed) for seed in range(3)]
    world = World({p.trial.trial_id: [UNWRITABLE, "done"] for p in todo})
    world.run_all(Attempts(todo, {}, PACKED))
    assert [sizes(world, p) for p in todo] == [[3, 3]] * 3
