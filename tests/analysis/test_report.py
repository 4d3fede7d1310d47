"""The report has every summary that the results can answer, bare or for people."""

from __future__ import annotations

from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.report import SUMMARIES, report_tables
from gensweep.orchestrator.store.layout import Store


@pytest.mark.parametrize("people", [True, False])
def test_a_report_has_the_summaries_that_apply_in_their_order(
    store: Store, write: Any, people: bool
) -> None:
    write(store, (0.5, 0.0), dataset="digits")
    with Database(store.root) as db:
        tables = report_tables(db, people)
    names = [table.name for table in tables]
    assert names == [name for name in SUMMARIES if name in names]
    assert {"convergence", "corruption", "early_stopping", "needed"} <= set(names)
    assert not {"subsets", "regularizers", "table_1"} & set(names)  # nothing to say of those
    assert all(table.rows for table in tables)
    assert all(bool(table.title) == people for table in tables)


def test_bare_figures_are_numbers_and_those_for_people_are_text(store: Store, write: Any) -> None:
    write(store, (0.5, 0.0))
    with Database(store.root) as db:
        ((bare,), (shown,)) = (
            table.records()
            for people in (False, True)
            for table in report_tables(db, people)
            if table.name == "convergence"
        )
    assert (bare["time"], bare["ratio"]) == (2.0, 1.0)
    assert (shown["epochs"], shown["ratio"]) == ("2", "1×")


def test_a_folder_without_results_has_an_empty_report(store: Store) -> None:
    with Database(store.root) as db:
        assert all(table.rows == [] for table in report_tables(db, people=True))
