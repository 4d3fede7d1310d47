"""The report has every summary that the results can answer, for programs and for people."""

from __future__ import annotations

from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.report import SUMMARIES, report_tables
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store


def test_a_report_has_the_summaries_that_apply_in_their_order(store: Store, write: Any) -> None:
    for p in (0.0, 1.0):
        write(store, (0.5, 0.0), dataset="digits", corruption=p)
    with Database(store.root) as db:
        tables = report_tables(db)
    names = [table.name for table in tables]
    assert names == [name for name in SUMMARIES if name in names]
    assert {"convergence", "corruption", "early_stopping", "regularization_necessity"} <= set(names)
    silent = {"clean_vs_corrupted", "regularizers", "table_1"}  # nothing to say of those
    assert not silent & set(names)
    assert all(table.rows for table in tables)
    assert all(table.title for table in tables)


def test_programs_get_numbers_and_people_text_of_the_same_rows(store: Store, write: Any) -> None:
    write(store, (0.5, 0.0))
    with Database(store.root) as db:
        (table,) = report_tables(db, ["convergence"])
    (bare,), (shown,) = table.records(), formatted(table).records()
    assert (bare["time"], bare["ratio"]) == (2.0, 1.0)
    assert (shown["epochs"], shown["ratio"]) == ("2", "1×")


def test_a_folder_without_results_has_an_empty_report(store: Store) -> None:
    with Database(store.root) as db:
        assert all(table.rows == [] for table in report_tables(db))


def test_claims_that_no_trial_decides_are_a_note_unless_the_paper_is_asked_for(
    store: Store, write: Any
) -> None:
    write(store, (0.5, 0.0), test_errors=(0.5, 0.1))
    with Database(store.root) as db:
        ours, papers = (
            {table.name: table for table in report_tables(db, paper=paper)}
            for paper in (False, True)
        )
    verdicts = {row["verdict"] for row in ours["claims"].records()}
    assert verdicts == {"supported"}
    assert "not enough runs" in {row["verdict"] for row in papers["claims"].records()}
    (note,) = (n for n in ours["claims"].notes if n.startswith("not decided by these trials: "))
    assert "C (expressivity)" in note
    assert "B (not necessary)" not in note
    assert {"convergence", "corruption"} & ours.keys() == set()
    assert {"convergence", "corruption", "table_1", "table_4"} <= papers.keys()
