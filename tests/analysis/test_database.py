"""A database is one moment of a results folder, to be asked in SQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]


def count(db: Database, view: str) -> int:
    return int(db.table(f"select count(*) from {view}").rows[0][0])


def test_a_sweep_restricts_every_view_to_its_trials(made: Store) -> None:
    with Database(made.root, "small") as db:
        ((trial_id,),) = db.table("select trial_id from trials").rows
        for view in ("sweep_trials", "epochs", "steps", "convergence"):
            assert db.table(f"select distinct trial_id from {view}").rows == [(trial_id,)]
        assert db.table("select distinct sweep from sweep_trials").rows == [("small",)]
        assert db.table("select sum(seeds) from corruption").rows == [(1,)]


def test_an_unknown_sweep_is_refused_with_the_names_of_those_there_are(made: Store) -> None:
    with pytest.raises(QueryError, match=r"nope: not in these results; one of made, small$"):
        Database(made.root, "nope")


def test_without_any_sweep_it_is_said_that_there_is_none(store: Store, write: Write) -> None:
    write(store, (0.5,))
    with pytest.raises(QueryError, match=r"there are no sweeps yet$"):
        Database(store.root, "nope")


def test_an_empty_folder_has_empty_views(store: Store) -> None:
    with Database(store.root) as db:
        filled = {view for view in VIEWS if count(db, view)}
        # What the paper says is there, and what datasets there are.
        assert filled == {"datasets", "models", "paper", "reproduction", "claims"}


def test_a_damaged_file_is_listed_and_the_rest_can_be_read(made: Store, write: Write) -> None:
    bad = write(made, (0.5,), seed=77)
    made.live_file(bad.trial_id).write_bytes(b"PAR1 and then nothing")
    with Database(made.root) as db:
        assert [str(damage.path) for damage in db.damaged] == [str(made.live_file(bad.trial_id))]
        assert count(db, "trials") == 9


def test_a_snapshot_stays_as_it_was_until_it_is_refreshed(made: Store, write: Write) -> None:
    with Database(made.root) as db:
        write(made, (0.5,), seed=78)
        assert count(db, "trials") == 9
        db.refresh()
        assert count(db, "trials") == 10


@pytest.mark.parametrize("make", [lambda p: p / "nowhere", lambda p: p], ids=["none", "other"])
def test_a_folder_without_results_is_a_store_error(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    (tmp_path / "something").write_text("else")
    with pytest.raises(StoreError, match="gensweep launch"):
        Database(make(tmp_path))


def test_results_come_as_arrow_as_pandas_and_as_tuples(made: Store) -> None:
    question = "select trial_id, epochs from trials where status = 'done' order by all"
    with Database(made.root) as db:
        tuples = db.sql(question).fetchall()
        arrow = db.sql(question).to_arrow_table()
        frame = db.sql(question).df()
    assert isinstance(arrow, pa.Table)
    assert isinstance(frame, pd.DataFrame)
    assert [tuple(row.values()) for row in arrow.to_pylist()] == tuples
    assert [tuple(row) for row in frame.itertuples(index=False)] == tuples
    assert len(tuples) == 4


def test_questions_take_parameters(made: Store) -> None:
    question = "select count(*) from trials where seed > ? and status = ?"
    with Database(made.root) as db:
        assert db.sql(question, [49, "done"]).fetchall() == [(3,)]
        assert db.table(question, [50, "done"]).rows == [(1,)]


def test_a_lazy_result_outlives_the_next_question(made: Store) -> None:
    with Database(made.root) as db:
        lazy = db.sql("select seed from trials where status = 'done' order by seed")
        assert db.table("select 1").rows == [(1,)]
        assert lazy.fetchall() == [(0,), (50,), (50,), (90,)]
        assert lazy.filter("seed > 50").fetchall() == [(90,)]
