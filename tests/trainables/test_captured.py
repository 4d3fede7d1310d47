"""The engine that lends its lanes to a program computes what the plain one does.

On the CPU nothing is captured; the step is the same function. Only rounding may differ: SGD is
written in another way, and the layers of several perceptrons are one batched product.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gensweep.trainables.classifier.checkpoint import Saved, deserialize
from gensweep.trainables.classifier.engines import program
from gensweep.trainables.classifier.engines.captured import CapturedEngine
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.program import Program
from gensweep.trainables.classifier.engines.programs import PROGRAMS
from gensweep.trainables.classifier.run import ENGINES, run
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Record, Steps

Tiny = Callable[..., ClassifierTrial]
CPU = torch.device("cpu")
REGULARIZED = {"crop": True, "flip": True, "rotation": 25, "weight_decay": 1e-3, "lr_decay": 0.5}
CASES: dict[str, dict[str, Any]] = {
    "mlp": {"model": "mlp_1x512"},
    "regularized mlp": {"model": "mlp_3x512", "dropout": 0.3, **REGULARIZED},
    "no momentum": {"momentum": 0.0},
    "alexnet": {"model": "alexnet", "dropout": 0.3, **REGULARIZED},
    "inception": {"model": "inception", "batch_size": 256, "epochs": 1},
    "inception without batch norm": {"model": "inception", "batch_norm": False, "epochs": 1},
    "bf16": {"model": "alexnet", "precision": "bf16"},
    "label smoothing": {"label_smoothing": 0.1, "lr_decay": 0.5, "lr_decay_epochs": 2},
}


def never() -> bool:
    return False


@pytest.fixture(autouse=True)
def nothing_waits() -> Iterator[None]:
    PROGRAMS.clear()
    yield
    PROGRAMS.clear()


def losses(records: list[tuple[str, Record]], trial: ClassifierTrial) -> list[float]:
    mine = [record for trial_id, record in records if trial_id == trial.trial_id]
    return [r.train_loss for r in mine if isinstance(r, Steps | Epoch)]


def reported(records: list[tuple[str, Record]]) -> list[Record]:
    """What was computed, without times."""
    return [
        Epoch(**{**vars(record), "seconds": 0.0}) if isinstance(record, Epoch) else record
        for _, record in records
        if isinstance(record, Steps | Epoch | Ended)
    ]


@pytest.mark.parametrize(
    ("name", "lanes"),
    [
        *[(name, 1) for name in CASES],
        *[
            (name, 3)
            for name in ("mlp", "regularized mlp", "no momentum", "alexnet", "label smoothing")
        ],
    ],
)
def test_every_step_and_epoch_is_that_of_the_plain_engine(
    name: str, lanes: int, tiny: Tiny, data_dir: Path
) -> None:
    """Lanes that share nothing but their shape: batch, augmentation, dropout and rates differ."""
    kinds = ["true_labels", "random_labels", "shuffled_pixels"]
    trials = [
        tiny(
            **{
                "log_every": 1,
                "lr": 0.01 / (1 + seed),
                "randomization": kinds[seed],
                **CASES[name],
            }
        )
        for seed in range(lanes)
    ]
    found, expected = (
        list(fit(trials, ENGINES[engine](trials, data_dir, CPU), never))
        for engine in ("captured", "eager")
    )
    batch_norm = trials[0].model == "inception" and trials[0].batch_norm
    tolerance = 2e-2 if batch_norm or trials[0].precision == "bf16" else 1e-4
    for trial in trials:
        assert losses(found, trial) == pytest.approx(losses(expected, trial), rel=tolerance)


@pytest.mark.parametrize("name", ["regularized mlp", "alexnet"])
@pytest.mark.parametrize("stop_after", [1, 5], ids=["in an epoch", "in the next"])
def test_a_trial_continued_from_a_checkpoint_is_the_same_to_the_last_bit(
    name: str, stop_after: int, tiny: Tiny, data_dir: Path
) -> None:
    trial = tiny(**{**CASES[name], "epochs": 2})
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > stop_after

    def engine() -> CapturedEngine:
        return CapturedEngine([trial], data_dir, CPU)

    (content,) = (
        record.content
        for _, record in fit([trial], engine(), soon)
        if isinstance(record, Checkpoint)
    )

    def saved(trial: ClassifierTrial) -> Saved:
        return deserialize(content, trial)

    continued = list(fit([trial], engine(), never, CheckpointPolicy(saved)))
    assert reported(continued) == reported(list(fit([trial], engine(), never)))
    # A checkpoint is of a trial, not of an engine.
    elsewhere = list(
        fit([trial], EagerEngine([trial], data_dir, CPU), never, CheckpointPolicy(saved))
    )
    assert losses(elsewhere, trial) == pytest.approx(losses(continued, trial), rel=2e-2)


class Rehearsal:
    """Everything of a capture but the graph: warm-ups, and calls that are made ever after."""

    recorded = 0

    def record(self, call: Callable[[], None], before: Callable[[], None]) -> Callable[[], None]:
        self.recorded += 1
        for _ in range(3):
            before()
            call()
        return call


@pytest.mark.parametrize(
    ("name", "lanes"),
    [
        *[("mlp", 1), ("mlp", 2), ("regularized mlp", 1), ("regularized mlp", 2)],
        *[("alexnet", 1), ("alexnet", 2), ("inception", 1)],
    ],
)
def test_warming_up_leaves_no_trace_and_a_capture_serves_later_trials(
    name: str,
    lanes: int,
    tiny: Tiny,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on CUDA, where images are copied to where the graph reads them."""
    trials = [
        [
            tiny(**{"seed": seed + more, "randomization": kind, **CASES[name]})
            for more in range(lanes)
        ]
        for seed, kind in [(1, "random_labels"), (3, "gaussian"), (5, "gaussian")]
    ]
    expected = [
        reported(list(fit(pack, CapturedEngine(pack, data_dir, CPU), never))) for pack in trials
    ]
    PROGRAMS.clear()
    rehearsals: list[Rehearsal] = []

    def rehearse(*_: object) -> Rehearsal:
        rehearsals.append(Rehearsal())
        return rehearsals[-1]

    monkeypatch.setattr(program, "capture_on", rehearse)
    context = Context(data_dir, device="cpu", engine="captured")
    assert [reported(list(run(pack, context))) for pack in trials] == expected
    # One for each batch size. Another program has two lanes that do not share their images, or
    # noise to be augmented, which is of another type than pixels.
    sizes = 1 + bool(512 % trials[0][0].batch_size)
    others = lanes > 1 or trials[0][0].crop
    assert [rehearsal.recorded for rehearsal in rehearsals] == [sizes] * (1 + others)


def test_lanes_that_end_leave_the_others_as_they_were(tiny: Tiny, data_dir: Path) -> None:
    """Three, then two, then one: what a slot without a lane computes touches nobody."""
    trials = [tiny(seed=seed, epochs=epochs) for seed, epochs in enumerate([1, 2, 4])]
    together = list(fit(trials, CapturedEngine(trials, data_dir, CPU), never))
    for trial in trials:
        alone = list(fit([trial], EagerEngine([trial], data_dir, CPU), never))
        assert losses(together, trial) == pytest.approx(losses(alone, trial), rel=1e-4)


def test_a_lane_that_diverges_does_so_alone(tiny: Tiny, data_dir: Path) -> None:
    trials = [tiny(seed=1), tiny(seed=2, lr=1e20), tiny(seed=3)]
    together = list(fit(trials, CapturedEngine(trials, data_dir, CPU), never))
    ends = {trial_id: r.status for trial_id, r in together if isinstance(r, Ended)}
    assert [ends[trial.trial_id] for trial in trials] == ["done", "diverged", "done"]
    alone = list(fit(trials[:1], EagerEngine(trials[:1], data_dir, CPU), never))
    assert losses(together, trials[0]) == pytest.approx(losses(alone, trials[0]), rel=1e-4)


def test_the_next_trial_of_a_shape_finds_the_program_and_nothing_of_the_one_before(
    tiny: Tiny, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Program]] = []
    build = Program.__init__

    def counted(self: Program, *args: Any) -> None:
        made.append(weakref.ref(self))
        build(self, *args)

    monkeypatch.setattr(Program, "__init__", counted)
    first = tiny(seed=1, lr=0.5, weight_decay=0.1, randomization="random_labels")
    second = tiny(seed=2, randomization="gaussian")
    context = Context(data_dir, device="cpu", engine="captured")
    expected = reported(list(run([second], context)))
    PROGRAMS.clear()
    gc.collect()
    assert made.pop()() is None
    list(run([first], context))
    assert reported(list(run([second], context))) == expected
    assert len(made) == 1
    list(run([tiny(batch_size=64)], context))
    assert len(made) == 2


def test_programs_that_wait_hold_no_images_and_the_least_used_goes_first(
    tiny: Tiny, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PROGRAMS, "limit", 2)
    trials = [tiny(batch_size=size) for size in (50, 60, 70)]
    engines = [CapturedEngine([trial], data_dir, CPU) for trial in trials]
    programs = []
    for engine in engines:
        list(engine.train_epoch({0: 1}, never))
        programs.append(weakref.ref(engine._program(engine._lanes)))
        images = weakref.ref(engine._lanes[0])
        engine.close()
    del engine, engines
    gc.collect()
    assert images() is None
    assert [kept() is not None for kept in programs] == [False, True, True]
    assert all(image is None for kept in programs[1:] for image in kept()._images)  # type: ignore[union-attr]


def test_two_engines_of_a_shape_at_once_have_programs_of_their_own(
    tiny: Tiny, data_dir: Path
) -> None:
    trial = tiny()
    list(run([trial], Context(data_dir, device="cpu", engine="captured")))
    expected = reported(list(fit([trial], CapturedEngine([trial], data_dir, CPU), never)))
    one, two = (fit([trial], CapturedEngine([trial], data_dir, CPU), never) for _ in range(2))
    both = list(zip(one, two, strict=True))
    assert reported([a for a, _ in both]) == reported([b for _, b in both]) == expected
