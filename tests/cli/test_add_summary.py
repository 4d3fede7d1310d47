"""CONTRIBUTING's recipe for a summary: a function and a line in SUMMARIES."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.report import SUMMARIES, Summary
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.table import Table

Gensweep = Callable[..., Any]

SQL = """
select model, count(*) as trials, max(epochs_run) as longest
from trials where status = 'done' group by all order by model
"""


def longest_table(db: Database) -> Table:
    """How many trials of each model are done, and the epochs of the longest."""
    layout = [Column("model"), Column("trials"), Column("longest", text="{:g} epochs".format)]
    return replace(
        db.table(SQL, name="longest"), title="The longest trials", layout=layout, sql=SQL
    )


@pytest.fixture(autouse=True)
def _recipe(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = "from trials where status = 'done'"
    monkeypatch.setitem(SUMMARIES, "longest", Summary(longest_table, needs))


def test_the_report_ends_with_it(gensweep: Gensweep) -> None:
    report = gensweep("report", width=100)
    assert report.code == 0, report.err
    *_, last = report.out.split("\n\n")
    assert last.startswith("The longest trials\n")
    assert "3 epochs" in last


def test_it_can_be_asked_for_by_name(gensweep: Gensweep) -> None:
    report = gensweep("report", "--only", "longest", width=100)
    assert report.out.startswith("The longest trials\n")


def test_programs_get_its_numbers_bare(gensweep: Gensweep) -> None:
    report = gensweep("report", "--only", "longest", "--format", "jsonl")
    first = json.loads(report.out.splitlines()[0])
    assert (first["model"], first["trials"], first["longest"]) == ("inception", 6, 3)


def test_the_page_shows_it_with_its_sql(gensweep: Gensweep) -> None:
    written = gensweep("report", "--html", "report.html")
    assert written.code == 0, written.err
    page = Path("report.html").read_text()
    assert "The longest trials" in page
    assert "max(epochs_run) as longest" in page
