"""An accelerator whose memory does not suffice, played by a CPU."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gensweep.trainables.classifier import run as classifier
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.lane import Lane
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.errors import DeviceMemoryError
from gensweep.trainables.records import Record, Steps

Tiny = Callable[..., ClassifierTrial]

MESSAGE = "CUDA out of memory. Tried to allocate 2.00 GiB."


def fail_after(calls: int, method: Callable[..., Any]) -> Callable[..., Any]:
    left = [calls]

    def failing(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise torch.OutOfMemoryError(f"{MESSAGE}\nand a page of advice")
        return method(*args, **kwargs)

    return failing


@pytest.mark.parametrize(
    ("method", "calls", "windows"),
    [("__init__", 0, 0), ("__init__", 1, 0), ("step", 0, 0), ("step", 15, 6), ("evaluate", 1, 6)],
)
def test_too_little_memory_is_an_error_that_says_how_many_trials_shared_it(
    method: str,
    calls: int,
    windows: int,
    tiny: Tiny,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Lane, method, fail_after(calls, getattr(Lane, method)))
    trials = [tiny(seed=seed) for seed in (0, 1)]
    records: list[tuple[str, Record]] = []
    with pytest.raises(DeviceMemoryError) as error:
        records.extend(classifier.run(trials, Context(data_dir, device="cpu")))
    assert str(error.value) == f"device cpu: {MESSAGE}; trials on it: 2; run fewer side by side"
    assert sum(isinstance(record, Steps) for _, record in records) == windows
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


def test_the_error_does_not_keep_the_memory_that_was_wanting(
    tiny: Tiny, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that whoever has caught it can run fewer trials in the same process."""
    engines: list[weakref.ref[EagerEngine]] = []

    def make(*args: Any) -> EagerEngine:
        engine = EagerEngine(*args)
        engines.append(weakref.ref(engine))
        return engine

    monkeypatch.setitem(classifier.ENGINES, "eager", make)
    monkeypatch.setattr(Lane, "step", fail_after(3, Lane.step))
    with pytest.raises(DeviceMemoryError) as error:
        list(classifier.run([tiny()], Context(data_dir, device="cpu")))
    gc.collect()
    assert error.value.__context__ is None
    assert engines[0]() is None
