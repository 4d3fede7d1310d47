"""`import gensweep` is all a notebook needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gensweep
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance, sweep_rows
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Started


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two trials, of which the sweep `one` has one."""
    monkeypatch.chdir(tmp_path)
    store = Store.create(Path("results"))
    for seed in (1, 2):
        trial = ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed)
        worker = TrialWriter(store, trial, Provenance("a-host", "", "{}"))
        worker.add(Started("cpu", 1234))
        worker.add(Ended("done"))
    publish_table(store.root, store.sweep_file("one"), sweep_rows("one", [(trial, ())]))
    return Path("results")


def test_results_are_a_connection_away(results: Path) -> None:
    for db in (gensweep.connect(), gensweep.connect("results"), gensweep.connect(results)):
        with db:
            assert db.sql("select seed from trials order by seed").fetchall() == [(1,), (2,)]


def test_one_sweep_can_be_looked_at_alone(results: Path) -> None:
    with gensweep.connect("results", "one") as db:
        assert db.sql("select seed from trials").df()["seed"].tolist() == [2]


def test_results_come_as_arrow_as_pandas_and_as_polars(results: Path) -> None:
    asked = "select seed from trials order by seed"
    with gensweep.connect() as db:
        assert db.sql(asked).arrow().read_all().to_pydict() == {"seed": [1, 2]}
        assert db.sql(asked).df()["seed"].tolist() == [1, 2]
        assert db.sql(asked).pl()["seed"].to_list() == [1, 2]


def test_the_questions_of_the_paper_have_a_method_each(results: Path) -> None:
    with gensweep.connect() as db:
        for view in ("convergence", "corruption"):
            asked = getattr(db, view)()
            assert asked.columns == db.sql(f"from {view}").columns
            assert asked.df().equals(db.sql(f"from {view}").df())


def test_it_says_what_it_is_and_what_can_be_asked(results: Path) -> None:
    with gensweep.connect("results", "one") as db:
        said = repr(db)
    assert said.startswith(f"<gensweep results in {results.absolute()}, sweep one; views: ")
    assert "sweep_trials, trials" in said


@pytest.mark.parametrize(
    ("folder", "sweep", "question"),
    [("nowhere", None, ""), ("results", "nope", ""), ("results", None, "drop view trials")],
)
def test_whatever_is_wrong_is_a_gensweep_error(
    results: Path, folder: str, sweep: str | None, question: str
) -> None:
    with pytest.raises(gensweep.GensweepError), gensweep.connect(folder, sweep) as db:
        db.sql(question)


def test_a_closed_database_answers_no_more(results: Path) -> None:
    with gensweep.connect() as db:
        db.sql("select 1")
    with pytest.raises(gensweep.GensweepError):
        db.sql("select 1")


def test_what_it_offers_is_there() -> None:
    assert sorted(gensweep.__all__) == ["Database", "GensweepError", "connect"]
    assert all(hasattr(gensweep, name) for name in gensweep.__all__)


def test_a_figure_is_asked_for_by_name(results: Path) -> None:
    with gensweep.connect() as db:
        assert db.figure("2a") == db.figure("figure_2a")


@pytest.mark.parametrize("module", ["gensweep", "gensweep.trainables.classifier.trial"])
def test_importing_it_loads_neither_torch_nor_ray_nor_a_database(module: str) -> None:
    heavy = "{'torch', 'ray', 'duckdb', 'pyarrow'}"
    code = f"import {module}, sys; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
