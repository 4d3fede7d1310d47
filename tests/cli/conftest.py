"""What the tests of the command line share: a folder of results, and a way to run commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gensweep.cli import main
from gensweep.orchestrator.store import writer
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance, sweep_rows
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Epoch, Started, Steps

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: 1 | 2\n'

# Settings, how the trial ended, and its training errors. Every status, and most of what a
# summary has to tell apart: seeds, censoring, divergence, other datasets and other settings.
_CIFAR: Sequence[tuple[dict[str, Any], str, Sequence[float]]] = (
    ({"model": "inception"}, "done", (0.5, 0.0, 0.0)),
    ({"model": "inception", "seed": 1}, "done", (0.5, 0.125, 0.0)),
    ({"model": "inception", "corruption": 0.5}, "done", (0.75, 0.25, 0.0)),
    ({"model": "inception", "corruption": 0.5, "seed": 1}, "done", (0.75, 0.5, 0.0)),
    ({"model": "inception", "corruption": 1.0}, "done", (0.875, 0.5, 0.0)),
    ({"model": "inception", "corruption": 1.0, "seed": 1}, "done", (0.875, 0.75, 0.5)),
    ({"model": "mlp_1x512", "weight_decay": 5e-4}, "done", (0.5, 0.25, 0.125)),
    ({"model": "mlp_1x512", "corruption": 1.0}, "diverged", (0.875,)),
    ({"model": "alexnet"}, "failed", (0.5,)),
    ({"model": "alexnet", "corruption": 1.0}, "running", (0.875, 0.75)),
    ({"model": "alexnet", "randomization": "gaussian"}, "interrupted", (0.75,)),
    ({"model": "alexnet", "randomization": "shuffled_pixels"}, "planned", ()),
)
_DIGITS: Sequence[tuple[dict[str, Any], str, Sequence[float]]] = (
    ({"model": "mlp_1x512", "dataset": "digits"}, "done", (0.25, 0.0)),
)
_WORDS = {"failed": TRACEBACK, "diverged": "training loss is nan at step 6", "interrupted": "stop"}


def _trial(settings: dict[str, Any]) -> ClassifierTrial:
    return ClassifierTrial(**{"randomization": "partial_labels", "epochs": 3, **settings})


def _epoch(trial: ClassifierTrial, number: int, error: float) -> Epoch:
    p = trial.corruption
    return Epoch(
        epoch=number,
        step=4 * number,
        lr=trial.lr_in(number),
        train_loss=2 * error,
        train_error=error,
        test_loss=2.0,
        test_error=0.25 + p / 2 + 0.0625 * trial.seed,
        corrupted_train_error=error if p else None,
        clean_train_error=error if p < 1 else None,
        memorized_fraction=1 - error if p else None,
        recovered_fraction=error / 8 if p else None,
        seconds=2.0,
    )


def _write(store: Store, trial: ClassifierTrial, status: str, errors: Sequence[float]) -> None:
    worker = TrialWriter(store, trial, Provenance("a-host", "0123456789ab", '{"python": "3"}'))
    worker.add(Started("cpu", 1234))
    for number, error in enumerate(errors, start=1):
        worker.add(Steps(4 * number, 2 * error))
        worker.add(_epoch(trial, number, error))
    if status in ("done", "diverged", "interrupted"):
        worker.add(Ended(status, _WORDS.get(status, "")))  # type: ignore[arg-type]
    elif status == "failed":
        worker.end(status, TRACEBACK)
    else:
        worker.add(Started("cpu", 1234))  # writes what there is so far


class _Clock(datetime):
    """A minute passes whenever somebody looks."""

    minutes = count()

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime(2026, 1, 2, 3, 0, tzinfo=UTC) + timedelta(minutes=next(cls.minutes))


# What says how wide a terminal is and what it can do; whoever runs the tests may have set it.
TERMINAL = ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two sweeps, `made` and `other`, with trials of every status. Not to be changed."""
    store = Store.create(tmp_path_factory.mktemp("made") / "results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "datetime", _Clock)
        ticks = count()
        patch.setattr(writer.time, "monotonic", lambda: 8.0 * next(ticks))
        for settings, status, errors in (*_CIFAR, *_DIGITS):
            if status != "planned":
                _write(store, _trial(settings), status, errors)
    for name, trials in (("made", _CIFAR), ("other", _DIGITS)):
        feeds = ("figure_1b", "table_1") if name == "made" else ()
        rows = sweep_rows(name, [(_trial(settings), feeds) for settings, *_ in trials])
        publish_table(store.root, store.sweep_file(name), rows)
    return store.root


@pytest.fixture
def results(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results, as `./results` of the folder that commands run in; free to be changed."""
    for name in ("GENSWEEP_RESULTS", "GENSWEEP_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, tmp_path / "results")
    return Path("results")


@pytest.fixture(scope="session")
def write_trial() -> Callable[..., ClassifierTrial]:
    """Write a trial with these settings, that ended so, after these training errors."""

    def put(store: Store, status: str, errors: Sequence[float], **settings: Any) -> ClassifierTrial:
        trial = _trial(settings)
        _write(store, trial, status, errors)
        return trial

    return put


class Done(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class _Terminal:
    """Standard output as it is, but for saying that a person reads it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@pytest.fixture
def gensweep(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Run the program in this process; with a width, on a terminal of as many columns."""

    def run(*arguments: str, width: int | None = None) -> Done:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["gensweep", *arguments])
            for name in TERMINAL:
                patch.delenv(name, raising=False)
            if width is not None:
                patch.setattr(sys, "stdout", _Terminal(sys.stdout))
                patch.setenv("COLUMNS", str(width))
                patch.setenv("TTY_COMPATIBLE", "0")  # no escape sequences from rich
            code = main.obey()
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the program, or a shell line in which `gensweep` is it, in a process of its own."""
    program = Path(sys.executable).parent

    def run(
        line: str, folder: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        path = f"{program}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if name not in TERMINAL}
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=folder,
            env={**inherited, "PATH": path, **environment},
            capture_output=True,
            text=True,
            timeout=250,
        )

    return run
