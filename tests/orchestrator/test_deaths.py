"""A worker that dies gives its reason, as far as anybody has said it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gensweep.orchestrator.attempts import Attempts
from gensweep.orchestrator.deaths import why_died
from gensweep.orchestrator.job import DIED, UNWRITABLE, Progress
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.resources import Resources
from gensweep.orchestrator.spec import parse_spec

IMPORT = """Failure # 1 (occurred at 2026-01-01_00-00-00)
The actor with name Worker failed to import on the worker.
Traceback (most recent call last):
  File "function_manager.py", line 629, in _load_actor_class_from_gcs
ModuleNotFoundError: No module named 'this'
"""
KILLED = """The actor died unexpectedly before finishing this task.
	class_name: Worker
	pid: 4711
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR
"""
(TRIAL,) = plan(
    parse_spec('name = "a"\n[[grid]]\ndataset = "synthetic"\nmodel = "mlp_1x512"\n', "a.toml")
)


def test_a_worker_that_cannot_import_names_the_module(tmp_path: Path) -> None:
    assert why_died(IMPORT, tmp_path) == "ModuleNotFoundError: No module named 'this'"


def test_of_a_process_that_ends_the_last_words_count(tmp_path: Path) -> None:
    (tmp_path / "worker-abc-01000000-4711.err").write_text(":job_id:01\nboom\nFatal: 42\n:end\n\n")
    (tmp_path / "worker-abc-01000000-4712.err").write_text("another\n")
    assert why_died(KILLED, tmp_path) == "Fatal: 42"


def test_of_a_crash_its_name_counts_and_not_what_python_lists_after_it(tmp_path: Path) -> None:
    (tmp_path / "worker-abc-01000000-4711.err").write_text(
        "Fatal Python error: Segmentation fault\n\nThread 0x00007f (most recent call first):\n"
        "Extension modules: msgpack._cmsgpack, google._upb._message (total: 2)\n"
    )
    assert why_died(KILLED, tmp_path) == "Fatal Python error: Segmentation fault"


def test_a_process_without_words_is_said_to_have_none(tmp_path: Path) -> None:
    assert why_died(KILLED, tmp_path).startswith("its process ended without a word")
    low = KILLED + "OutOfMemoryError: the node was running low on memory"
    assert why_died(low, tmp_path) == "Ray killed it, as the machine runs low on memory"


@pytest.mark.parametrize(
    ("status", "count", "why"),
    [
        (DIED, 1, "its worker died once: boom"),
        (DIED, 2, "its worker died twice: boom"),
        (DIED, 3, "its worker died 3 times: boom"),
        (UNWRITABLE, 3, "its rows could not be written 3 times: boom"),
    ],
)
def test_a_trial_that_is_given_up_says_what_happened_how_often_and_why(
    status: str, count: int, why: str
) -> None:
    attempts = Attempts([TRIAL], {}, Resources())
    trial_id = TRIAL.trial.trial_id
    for _ in range(count):
        packs = attempts.next(1)
        attempts.take(packs, {trial_id: Progress(trial_id, status, error="boom")}, {})
    assert attempts.why(trial_id) == why
