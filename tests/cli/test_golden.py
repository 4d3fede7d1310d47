"""What every reading command prints, in every format and width, is as it was.

After a change that is meant: `pytest tests/cli --snapshot-update`, and read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

import gensweep.orchestrator.doctor
from gensweep.orchestrator.doctor import Finding
from gensweep.orchestrator.store import claiming
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.process import Process

FORMATS = ("table", "csv", "json", "jsonl", "markdown", "latex")
SWEEP = """
name = "planned"
seeds = [0, 1]
[defaults]
epochs = 3
[regularizer.wd]
weight_decay = 5e-4
[[grid]]
feeds = ["figure_1b", "table_1"]
model = ["inception", "mlp_1x512"]
randomization = "partial_labels"
corruption = [0.0, 0.5]
[[grid]]
model = "mlp_1x512"
regularizer = "wd"
"""
QUERY = """
    select trial_id, model, corruption, fit_epoch, final_test_error, crop, started_at, error
    from trials where model <> 'inception' order by trial_id
"""
COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": ("plan", "made.toml"),
    "status": ("status",),
    "status of a sweep": ("status", "other"),
    "report": (
        *("report", "--only", "convergence,corruption,clean_vs_corrupted"),
        *("--only", "early_stopping,regularization_necessity"),
    ),
    "show a trial that is done": ("show", "07bc0feaad27"),
    "show a trial that failed": ("show", "d78a115adc5c"),
    "show a trial that is planned": ("show", "df3011cff99d"),
    "query": ("query", QUERY),
    "query everything": ("query", "from trials where seed = 1 order by trial_id limit 2"),
    "query nothing": ("query", "select trial_id, seed from trials where false"),
    "diff of two trials": ("diff", "07bc0feaad27", "d78a115adc5c"),
    "diff of two sweeps": ("diff", "made", "other"),
    "data list": ("data", "list", "--data", "data"),
    "doctor": ("doctor", "--data", "data"),
}
FINDINGS = [
    Finding("torch", "ok", "2.0"),
    Finding("accelerator", "absent", "none: trials run on the CPU"),
    Finding("dataset cifar10", "absent", "is not there in data", "gensweep data prepare cifar10"),
]


class Noon(datetime):
    """The moment at which the launch began."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime(2026, 1, 2, 12, 0, tzinfo=tz)


@pytest.fixture
def folder(results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder commands run in, with results, a sweep file and a steady machine."""
    Path("made.toml").write_text(SWEEP)
    monkeypatch.setattr(gensweep.orchestrator.doctor, "examine", lambda *_: FINDINGS)
    return results.parent


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("format_", FORMATS)
def test_what_a_command_prints_for_a_program_or_a_file(
    gensweep: Callable[..., tuple[int, str, str]],
    folder: Path,
    snapshot: SnapshotAssertion,
    name: str,
    format_: str,
) -> None:
    code, out, err = gensweep(*COMMANDS[name], "--format", format_)
    assert (code, err) == (0, "")
    assert out == snapshot


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [80, 200])
def test_what_a_command_prints_on_a_terminal(
    gensweep: Callable[..., tuple[int, str, str]],
    folder: Path,
    snapshot: SnapshotAssertion,
    name: str,
    width: int,
) -> None:
    code, out, err = gensweep(*COMMANDS[name], width=width)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= width
    assert out == snapshot


@pytest.mark.parametrize("width", [80, 200])
def test_the_status_while_a_launch_is_under_way(
    gensweep: Callable[..., tuple[int, str, str]],
    folder: Path,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    running = Process("b-host", 4711, machine="", start="")  # whose life nobody here can judge
    monkeypatch.setattr(Process, "current", lambda: running)
    monkeypatch.setattr(claiming, "datetime", Noon)
    store, trial = Store.open(folder / "results"), "d804ac65f21e"
    with claiming.claim_trials(store, "launch of made", [trial]) as lease:
        lease.run_on([{"host": "a-host", "workers": 4}])
        code, out, err = gensweep("status", "made", width=width)
    assert (code, err) == (0, "")
    assert out == snapshot


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_json_is_valid_json(
    gensweep: Callable[..., tuple[int, str, str]], folder: Path, name: str
) -> None:
    whole = json.loads(gensweep(*COMMANDS[name], "--format", "json")[1])
    lines = gensweep(*COMMANDS[name], "--format", "jsonl")[1].splitlines()
    if isinstance(whole, dict):
        whole = [{"table": table, **row} for table, rows in whole.items() for row in rows]
    assert [json.loads(line) for line in lines] == whole


@pytest.mark.parametrize("name", COMMANDS)
def test_without_a_terminal_figures_come_as_csv_and_reports_as_text(
    gensweep: Callable[..., tuple[int, str, str]], folder: Path, name: str
) -> None:
    figures = COMMANDS[name][0] in ("query", "data", "doctor")
    expected = gensweep(*COMMANDS[name], "--format", "csv" if figures else "table")
    assert gensweep(*COMMANDS[name]) == expected
