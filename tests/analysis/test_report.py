"""The report has every summary that the results can answer, bare or for people."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.database import Database
from analysis.report import SUMMARIES, report_tables
from orchestrator.store.layout import Store


@pytest.mark.parametrize("people", [True, False])
@pytest.mark.parametrize(("dataset", "names"), [("cifar10", 3), ("digits", 2)])
def test_a_report_has_every_summary_that_applies_in_their_order(
    store: Store, write: Any, people: bool, dataset: str, names: int
) -> None:
    write(store, (0.5, 0.0), dataset=dataset)
    with Database(store.root) as db:
        tables = report_tables(db, people)
    assert [table.name for table in tables] == list(SUMMARIES)[:names]
    assert all(bool(table.title) == people for table in tables)


def test_bare_figures_are_numbers_and_those_for_people_are_text(store: Store, write: Any) -> None:
    write(store, (0.5, 0.0))
    with Database(store.root) as db:
        bare, shown = (report_tables(db, people)[0].records()[0] for people in (False, True))
    assert (bare["epochs"], bare["ratio"]) == (2.0, 1.0)
    assert (shown["epochs"], shown["ratio"]) == ("2", "1.00×")


def test_a_folder_without_results_has_an_empty_report(store: Store) -> None:
    with Database(store.root) as db:
        assert [table.rows for table in report_tables(db, people=True)] == [[], []]
