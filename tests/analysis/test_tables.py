"""A table is rows of values for programs, and columns of text made of them for people."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.table import Table, formatted, in_brief

VALUES = st.lists(st.sampled_from([None, "", 0, 1, "a"]), max_size=4)


@given(values=VALUES, keep=st.sampled_from(["always", "filled", "varying"]))
def test_a_column_that_says_nothing_in_any_row_may_be_left_out(
    values: list[Any], keep: Literal["always", "filled", "varying"]
) -> None:
    table = Table("t", ["a"], [[v] for v in values], layout=[Column("a", keep=keep)])
    says = {
        "always": True,
        "filled": any(values),
        "varying": len({v for v in values if v is not None}) > 1,
    }
    shown = formatted(table)
    assert [column.name for column in shown.columns] == ["a"] * says[keep]
    assert len(shown.rows) == len(values)


def test_a_cell_has_the_value_and_the_text_of_one_declaration() -> None:
    layout = [
        Column("model"),
        Column("error %", "error", "{:.1f}".format),
        Column("gap", lambda r: r["error"] and r["error"] - 1, cell=lambda r: f"of {r['model']}"),
    ]
    table = Table("t", ["model", "error"], [["a", 2.0], ["b", None]], layout=layout)
    shown = formatted(table)
    assert [[cell.value for cell in row] for row in shown.rows] == [
        ["a", 2.0, 1.0],
        ["b", None, None],
    ]
    assert shown.texts() == [["a", "2.0", "of a"], ["b", "–", "of b"]]
    assert shown.right == [False, True, True]


def test_without_a_layout_people_read_what_programs_get_even_two_columns_of_one_name() -> None:
    shown = formatted(Table("t", ["a", "a"], [(1, True), (None, False)]))
    assert shown.texts() == [["1", "yes"], ["–", "no"]]


def test_programs_get_only_the_columns_that_are_theirs() -> None:
    layout = [Column("b")]
    table = Table.of("t", [{"a": 1, "b": 2, "c": 3}], ["c", "a"], layout=layout)
    assert table.records() == [{"c": 3, "a": 1}]
    assert formatted(table).records() == [{"b": "2"}]


def test_records_name_the_values() -> None:
    assert Table("t", ["a", "b"], [(1, None), ("x", 2)]).records() == [
        {"a": 1, "b": None},
        {"a": "x", "b": 2},
    ]


def test_a_row_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        Table("t", ["a", "b"], [(1,)]).records()


def test_in_brief_a_long_table_says_how_many_rows_it_left_out_and_where_they_are() -> None:
    table = Table("numbers", ["n"], [[n] for n in range(7)], notes=["of nothing"])
    assert in_brief(table, 7, "count") is table
    short = in_brief(table, 5, "count")
    assert [row[0] for row in short.rows] == [0, 1, 2, 3, 4]
    assert short.notes == ["and 2 more rows: count", "of nothing"]


def test_in_brief_the_rows_that_people_read_are_cut_short() -> None:
    layout = [Column("n")]
    entries = [{"n": n} for n in range(7)]
    table = Table("numbers", ["n"], [[0]], layout=layout, entries=entries)
    assert formatted(in_brief(table, 2, "count")).texts() == [["0"], ["1"]]
