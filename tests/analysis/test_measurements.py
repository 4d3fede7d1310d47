"""What a trial of the theory measured is stored with it, and every face of the results knows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.diff import diff_tables
from gensweep.analysis.exports.runs import runs
from gensweep.analysis.progress.status import status_tables
from gensweep.analysis.progress.trial import trial_tables
from gensweep.analysis.report import report_tables
from gensweep.analysis.tables.labels import trial_labels
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.min_norm.trial import MinNormTrial
from gensweep.trainables.records import Ended, Measurement, Started
from gensweep.trainables.trial import Trial

ABOUT = Provenance("a-host", "0123456789ab", "{}")
MEASURED = [("norm", 1.5, None), ("distance", 0.5, 1.0), ("distance", 0.25, 10.0)]


def write(store: Store, trial: Trial, status: str = "done") -> Trial:
    writer = TrialWriter(store, trial, ABOUT)
    writer.begin()
    writer.add(Started("cpu", parameters=7))
    for name, value, at in MEASURED:
        writer.add(Measurement(name, value, at))
    if status == "done":
        writer.add(Ended("done"))
    else:
        writer.end(status, "Traceback:\n  of some kind")
    return trial


@pytest.fixture(params=["live", "compacted"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made = Store.create(tmp_path / "results")
    write(made, MinNormTrial(n=30, seed=1))
    write(made, MinNormTrial(n=40), "failed")
    if request.param == "compacted":
        compact(made)
    return made


def test_measurements_are_rows_of_their_own(store: Store) -> None:
    with Database(store.root) as db:
        found = db.table("""
            select name, value, place from measurements
            where seed = 1 and trainable = 'min_norm' order by place nulls first
        """).rows
    assert found == MEASURED


def test_settings_are_asked_with_their_defaults(store: Store) -> None:
    with Database(store.root) as db:
        found = db.table("""
            select (theory_settings->>'n')::int, theory_settings->>'method', model, max_epochs
            from trials order by 1
        """).rows
    assert found == [(30, "sgd", None, None), (40, "sgd", None, None)]


def test_questions_about_networks_do_not_see_them(store: Store) -> None:
    with Database(store.root) as db:
        for view in ("classifiers", "outcomes", "settings", "convergence", "early_stopping"):
            assert db.table(f"from {view}").rows == []
        for view in ("corruption", "measures", "regularization", "claim_a", "claim_b"):
            assert db.table(f"from {view}").rows == []


def test_they_are_called_by_what_they_set(store: Store) -> None:
    with Database(store.root) as db:
        rows = db.table("from trials order by seed desc").records()
        tables = {t.name: t for t in status_tables(db)}
    assert trial_labels(rows) == ["min_norm, n 30, seed 1", "min_norm, n 40, seed 0"]
    ((_, *said),) = formatted(tables["trouble"]).texts()
    assert said == ["min_norm", "n 40", "–", "0", "failed", "  of some kind"]


def test_one_of_them_is_shown(store: Store) -> None:
    with Database(store.root) as db:
        trial_id = db.table("select trial_id from trials where seed = 1").rows[0][0]
        for people in (True, False):
            tables = {t.name: t for t in trial_tables(db, trial_id, people)}
            settings = dict(tables["settings"].rows)
            assert (settings["trainable"], settings["n"]) == ("min_norm", 30)
            assert "momentum" not in settings
            assert tables["measurements"].rows == [
                (name, at, value) for name, value, at in MEASURED
            ]


def test_a_report_on_them_alone_has_the_papers_questions_only_if_asked(store: Store) -> None:
    with Database(store.root) as db:
        names = [table.name for table in report_tables(db)]
        of_the_paper = [table.name for table in report_tables(db, paper=True)]
    assert not {"claims", "convergence"} & {*names}
    assert {"claims", "convergence"} <= {*of_the_paper}


def test_trackers_get_their_measurements(store: Store) -> None:
    with Database(store.root) as db:
        run = next(run for run in runs(db) if run.row["seed"] == 1)
    assert run.settings["n"] == 30
    assert [(name, step, value) for name, step, value, _ in run.points] == [
        ("distance", 1, 0.5),
        ("distance", 10, 0.25),
    ]
    assert run.outcomes == {"norm": 1.5}


def test_two_of_them_are_compared_by_what_they_measured_once(store: Store) -> None:
    with Database(store.root) as db:
        ids = [r[0] for r in db.table("select trial_id from trials order by seed desc").rows]
        tables = {t.name: t for t in diff_tables(db, ids[0], ids[1], people=False)}
        assert diff_tables(db, ids[0], ids[1], people=True)
    assert ["n", 30, 40] in tables["settings"].rows
    assert ["norm", 1.5, 1.5, 0.0] in tables["outcome"].rows
