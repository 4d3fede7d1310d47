"""Cells are sorted by the values they are made of, whatever is written in them."""

from __future__ import annotations

import pytest

from gensweep.analysis.html.cells import sheet
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.table import Table

ROWS = [[10.125], [None], [9.0], [float("inf")]]


def test_a_column_is_sorted_by_its_values_and_not_by_what_is_written() -> None:
    said = Column("epochs", cell=lambda r: f"after {r['epochs']}" if r["epochs"] else "never")
    made = sheet(Table("t", ["epochs"], ROWS, layout=[said], sql="from trials\n"))
    assert [row[0].text for row in made.rows] == ["after 10.125", "never", "after 9.0", "after inf"]
    assert [row[0].key for row in made.rows] == ["10.125", "", "9", ""]
    assert (made.columns[0].numeric, made.sql) == (True, "from trials")


@pytest.mark.parametrize("values", [["1", "10"], [True, False], [None, None], [1.0, "1"]])
def test_what_is_not_all_numbers_is_sorted_as_text(values: list[object]) -> None:
    made = sheet(Table("t", ["p"], [[value] for value in values]))
    assert not made.columns[0].numeric
    assert all(row[0].key == row[0].text for row in made.rows)


def test_text_is_sorted_as_text_and_long_text_is_set_left() -> None:
    reason = "2 for, 0 against, 1 open; mlp_1x512, random labels: 1 of 1 fitted"
    made = sheet(Table("t", ["model", "reason"], [["alexnet", reason]]))
    assert [(c.numeric, c.long) for c in made.columns] == [(False, False), (False, True)]
    assert [cell.key for cell in made.rows[0]] == ["alexnet", reason]


def test_verdicts_and_statuses_have_a_tone_and_other_words_have_none() -> None:
    rows = [["supported (1 seed)", "done"], ["contradicted", "failed"], ["not run", "planned"]]
    tones = [[c.tone for c in row] for row in sheet(Table("t", ["verdict", "note"], rows)).rows]
    assert tones == [["good", ""], ["bad", ""], ["open", ""]]
