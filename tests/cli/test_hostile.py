"""Commands on a folder of a stranger: one line for what is wrong with it, and an exit code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Gensweep = Callable[..., Any]
READING = (("status",), ("report",), ("query", "from trials"), ("show", "0"))


def hostile_manifest(results: Path, path: Path) -> None:
    """One that names a good file elsewhere."""
    names = {table: [str(path)] for table in ("trials", "epochs", "steps")}
    (results / "manifest.json").write_text(json.dumps({"generation": 1, "files": names}))


@pytest.mark.parametrize("command", READING)
def test_where_damage_leaves_no_trial_there_is_no_answer(
    gensweep: Gensweep, results: Path, command: tuple[str, ...], tmp_path: Path
) -> None:
    outside = shutil.copy(next((results / "live").iterdir()), tmp_path / "outside.parquet")
    hostile_manifest(results, Path(outside))
    for path in (results / "live").iterdir():
        path.unlink()
    done = gensweep(*command)
    assert (done.code, done.out) == (3, "")
    (line,) = done.err.splitlines()
    assert "no trial is left; damaged: " in line
    assert "manifest.json: it names" in line


@pytest.mark.parametrize("command", ["status", "report", "compact"])
def test_the_rest_answers_and_what_is_left_out_is_named(
    gensweep: Gensweep, results: Path, command: str
) -> None:
    hostile_manifest(results, Path("/etc/passwd"))
    done = gensweep(command)
    assert done.code == 0
    assert "gensweep: warning: left out, cannot be read: " in done.err
    assert "manifest.json: it names '/etc/passwd'" in done.err


def test_merging_names_what_it_leaves_out(gensweep: Gensweep, results: Path) -> None:
    hostile_manifest(results, Path("/etc/passwd"))
    done = gensweep("merge", str(results), "--results", "mine")
    assert done.code == 0
    assert "manifest.json: it names '/etc/passwd'" in done.err


@pytest.mark.parametrize("column", ["config", "trainable"])
def test_a_trial_of_unknown_settings_is_no_mistake(
    gensweep: Gensweep, results: Path, column: str
) -> None:
    """A newer gensweep may have written it."""
    path = next((results / "live").iterdir())
    table = pq.read_table(path)
    wrong = {"config": '{"unheard_of": 1}', "trainable": "unheard_of"}[column]
    number = table.column_names.index(column)
    pq.write_table(table.set_column(number, column, [[wrong]]), path)
    done = gensweep("show", path.stem)
    assert done.code == 3
    assert "its settings are not known here" in done.err
    assert "bug in gensweep" not in done.err
