"""A table is rows under named columns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.analysis.tables.table import Table, in_brief, without_empty

COLUMNS = ["a", "b", "c"]
VALUES = st.one_of(st.none(), st.just(""), st.integers(0, 2), st.text(max_size=2))
ROWS = st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=5)


@given(rows=ROWS, droppable=st.sets(st.sampled_from(COLUMNS)))
def test_only_droppable_columns_that_say_nothing_are_left_out(
    rows: list[tuple[Any, ...]], droppable: set[str]
) -> None:
    columns, kept = without_empty(COLUMNS, rows, sorted(droppable))
    silent = {
        c for c, values in zip(COLUMNS, zip(*rows, strict=True), strict=False) if not any(values)
    }
    silent = silent if rows else set(COLUMNS)
    assert columns == [c for c in COLUMNS if c not in droppable & silent]
    assert [dict(zip(columns, row, strict=True)) for row in kept] == [
        {c: v for c, v in zip(COLUMNS, row, strict=True) if c in columns} for row in rows
    ]


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
