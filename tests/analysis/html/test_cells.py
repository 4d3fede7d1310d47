"""Cells are sorted by the exact numbers where these are known, else by what is written."""

from __future__ import annotations

import pytest

from gensweep.analysis.html.cells import number, sheet
from gensweep.analysis.tables.table import Table


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.34 ± 0.56", 12.34),
        ("3.00×", 3.0),
        ("99.90/81.22 [T]", 99.9),
        ("-16.60", -16.6),
        ("−0.5 %", -0.5),
        ("25,000", 25000.0),
        ("≥ 40", 40.0),
        ("3 of 5", 3.0),
        ("–", None),
        ("not reached in 100", None),
        ("mlp_1x512", None),
        ("07bc0feaad27", None),
        ("2026-01-02 03:04", None),
    ],
)
def test_a_cell_is_a_number_where_it_begins_with_one(text: str, value: float | None) -> None:
    assert number(text) == value


def test_the_bare_values_are_sorted_by_where_the_rows_are_the_same() -> None:
    bare = Table("t", ["epochs"], [[10.125], [None], [9.0]], sql="from trials")
    people = Table("t", ["epochs"], [["10.13"], ["not reached in 9"], ["9"]], show={"epochs": str})
    made = sheet(people, bare)
    assert [row[0].key for row in made.rows] == ["10.125", "", "9"]
    assert (made.columns[0].numeric, made.sql) == (True, "from trials")


def test_bare_values_of_other_rows_are_not_used() -> None:
    bare = Table("t", ["p"], [[0.5]])
    people = Table("t", ["p"], [["1"], ["10"]], show={"p": str})
    assert [row[0].key for row in sheet(people, bare).rows] == ["1", "10"]


def test_text_is_sorted_as_text_and_long_text_is_set_left() -> None:
    reason = "2 for, 0 against, 1 open; mlp_1x512, random labels: 1 of 1 fitted"
    table = Table("t", ["model", "reason"], [["alexnet", reason]], show={"reason": str})
    made = sheet(table)
    assert [(c.numeric, c.long) for c in made.columns] == [(False, False), (False, True)]
    assert [cell.key for cell in made.rows[0]] == ["alexnet", reason]


def test_verdicts_and_statuses_have_a_tone_and_other_words_have_none() -> None:
    rows = [["supported (1 seed)", "done"], ["contradicted", "failed"], ["not run", "planned"]]
    tones = [[c.tone for c in row] for row in sheet(Table("t", ["verdict", "note"], rows)).rows]
    assert tones == [["good", ""], ["bad", ""], ["open", ""]]
