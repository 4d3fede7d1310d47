"""Whether a trial of a kernel fits is known before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gensweep.trainables.context import Context
from gensweep.trainables.errors import TrialError
from gensweep.trainables.kernel import memory
from gensweep.trainables.kernel.memory import check, free_bytes, largest, needed_bytes, room
from gensweep.trainables.kernel.run import run
from gensweep.trainables.kernel.trial import KernelTrial

CPU = torch.device("cpu")


def test_all_of_mnist_fits_into_24_gb_in_float32_and_not_in_float64() -> None:
    single, double = (KernelTrial(precision=p) for p in ("fp32", "fp64"))
    assert 14.4e9 < needed_bytes(single, 60_000) < 20e9
    assert needed_bytes(double, 60_000) > 28.8e9
    check(single, 24e9, "cpu")
    with pytest.raises(TrialError):
        check(double, 24e9, "cpu")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"precision": "fp32", "model": "gabor_wavelets"},
        {"dataset": "cifar10", "model": "random_features"},
        {"dataset": "cifar10", "n": 20_000},
    ],
)
@pytest.mark.parametrize("free", [3e9, 5e9, 1e13])
def test_the_n_that_would_fit_is_the_largest(settings: dict[str, Any], free: float) -> None:
    trial = KernelTrial(**settings)
    fits = largest(trial, free)
    assert fits == 0 or needed_bytes(trial, fits) <= free
    assert fits == trial.examples or needed_bytes(trial, fits + 1) > free


def test_what_does_not_fit_says_what_would() -> None:
    trial = KernelTrial()
    half = KernelTrial(precision="fp32")
    with pytest.raises(TrialError) as caught:
        check(trial, 10e9, "cuda:0")
    said = str(caught.value)
    assert "n = 60000" in said
    assert "10.0 GB are free on cuda:0" in said
    assert f"at most n = {largest(trial, 10e9)} fits" in said
    assert f'with precision = "fp32" n = {largest(half, 10e9)}' in said
    with pytest.raises(TrialError, match="no n fits"):
        check(half, 1e6, "cpu")


@pytest.mark.usefixtures("own_locks")
def test_memory_is_looked_at_before_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1e9)
    nowhere = Context(Path("no-such-folder"), device="cpu")
    with pytest.raises(TrialError, match=r"1\.0 GB are free"):
        list(run([KernelTrial()], nowhere))


def never() -> None:
    """No reason to leave."""


def test_what_is_reserved_is_a_matrix_in_the_precision_asked_for() -> None:
    with room(KernelTrial(dataset="digits", n=30, precision="fp32"), CPU, never) as found:
        matrix = found.take()
    assert (matrix.shape, matrix.dtype) == ((30, 30), torch.float32)


@pytest.fixture
def own_locks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of no other process."""
    monkeypatch.setattr(memory.tempfile, "gettempdir", lambda: str(tmp_path))


@pytest.mark.usefixtures("own_locks")
def test_a_trial_waits_for_the_memory_that_another_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_PERIOD", 0.0)
    free = [1e12, 0.0, 0.0, 1e12]
    monkeypatch.setattr(memory, "free_bytes", lambda device: free.pop(0))
    trial = KernelTrial(dataset="digits", n=10)
    waits: list[None] = []
    with (
        room(trial, CPU, never),
        room(trial, CPU, lambda: waits.append(None)) as second,
    ):
        assert second.take().shape == (10, 10)
    assert (len(waits), free) == (2, [])


@pytest.mark.usefixtures("own_locks")
def test_a_trial_that_waits_for_no_other_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1e6)
    with (
        pytest.raises(TrialError, match="no n fits"),
        room(KernelTrial(dataset="digits", n=10), CPU, never),
    ):
        pass


@pytest.mark.usefixtures("own_locks")
def test_one_may_stop_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    free = [1e12, 0.0]
    monkeypatch.setattr(memory, "free_bytes", lambda device: free.pop(0))
    trial = KernelTrial(dataset="digits", n=10)

    def leave() -> None:
        raise InterruptedError

    with room(trial, CPU, never), pytest.raises(InterruptedError), room(trial, CPU, leave):
        pass


def test_the_free_memory_of_this_machine_is_known() -> None:
    assert 0 < free_bytes(CPU) < 1e15


def test_available_memory_is_read_in_bytes(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 99 kB\nMemFree: 1 kB\nMemAvailable:   12 kB\n")
    assert memory._available(str(tmp_path / "meminfo")) == 12 * 1024
    assert memory._available(str(tmp_path / "none")) == float("inf")


@pytest.mark.parametrize("limit", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_containers_limit_counts(tmp_path: Path, limit: str) -> None:
    used = {"memory.max": "memory.current"}.get(limit, "memory/memory.usage_in_bytes")
    (tmp_path / "memory").mkdir()
    (tmp_path / limit).write_text("1000\n")
    (tmp_path / used).write_text("300\n")
    assert memory._left_in_group(str(tmp_path)) == 700


def test_a_container_without_a_limit_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("300\n")
    assert memory._left_in_group(str(tmp_path)) == float("inf")
    assert memory._left_in_group(str(tmp_path / "none")) == float("inf")
