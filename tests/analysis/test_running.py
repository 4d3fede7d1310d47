"""A statement can be stopped, has limits, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.running import Limits
from gensweep.orchestrator.store.layout import Store

ENDLESS = {
    "recursion": "with recursive r as (select 1 n union all select n + 1 from r) select max(n)"
    " from r",
    "cross join": "select count(*) from range(1000000) a, range(1000000) b",
    "range": "select max(i) from range(1000000000000) r(i)",
    "sleep": "select sleep_ms(600000)",
    "in one function": "select levenshtein(repeat('a', 60000), repeat('b', 60000))",
}
BRIEF = 20.0  # seconds, on a busy machine, and nothing beside what the statements take
RESULT = "from range(10000000000)"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary files of which the test sees all."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


@pytest.mark.parametrize("query", ENDLESS.values(), ids=ENDLESS)
def test_ctrl_c_stops_a_statement_and_the_next_one_runs(store: Store, query: str) -> None:
    with Database(store.root) as db:
        Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()

        def ask() -> None:
            with pytest.raises(KeyboardInterrupt):
                db.table(query)

        assert seconds(ask) < BRIEF
        assert db.table("select 1").rows == [(1,)]


def test_ctrl_c_stops_the_reading_of_a_large_result(store: Store) -> None:
    with Database(store.root) as db:
        Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()

        def ask() -> None:
            with pytest.raises(KeyboardInterrupt):
                sum(1 for _ in db.rows(RESULT).rows)

        assert seconds(ask) < BRIEF
        assert db.table("select 1").rows == [(1,)]


def test_what_is_not_read_to_its_end_holds_up_neither_the_next_statement_nor_the_end(
    store: Store,
) -> None:
    endless = "with recursive r as (select 1 n union all select n + 1 from r) from r"

    def ask() -> None:
        with Database(store.root) as db:
            for _ in range(2):
                assert next(db.rows(endless).rows)
                time.sleep(0.5)
                assert db.table("select 1").rows == [(1,)]
            assert next(db.rows(endless).rows)

    assert seconds(ask) < BRIEF


@pytest.mark.parametrize("query", [*ENDLESS.values(), RESULT], ids=[*ENDLESS, "result"])
def test_a_statement_that_takes_too_long_is_an_error(store: Store, query: str) -> None:
    with Database(store.root, limits=Limits(seconds=0.2)) as db:

        def ask() -> None:
            with pytest.raises(QueryError, match=r"^query: took longer than 0\.2 s; stopped$"):
                sum(1 for _ in db.rows(query).rows)

        assert seconds(ask) < BRIEF
        assert db.table("select 1").rows == [(1,)]


def test_each_statement_has_all_the_time(store: Store) -> None:
    with Database(store.root, limits=Limits(seconds=0.5)) as db:
        for _ in range(3):
            assert db.table("select sleep_ms(200)").rows


def test_what_does_not_fit_into_memory_is_an_error(store: Store) -> None:
    with (
        Database(store.root, limits=Limits(memory="50MB")) as db,
        pytest.raises(QueryError, match="does not fit into memory; ask for less, or raise"),
    ):
        db.table("select list(i) from range(100000000) r(i)")


SPILLING = "from range(2000000) r(i) select distinct i, hash(i) as h order by h"


def test_what_is_spilled_is_in_a_folder_of_its_own_that_goes_away(
    store: Store, temporary: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with Database(store.root, limits=Limits(memory="50MB")) as db:
        rows = db.rows(SPILLING)
        (folder,) = temporary.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert [*folder.glob("spill/*")]
        assert next(rows.rows)
    assert not [*temporary.iterdir()]
    assert not Path(".tmp").exists()


def test_it_goes_away_when_a_database_is_dropped_or_refreshed(
    store: Store, temporary: Path
) -> None:
    db = Database(store.root)
    (first,) = temporary.iterdir()
    db.refresh()
    (second,) = temporary.iterdir()
    assert first != second
    del db
    assert not [*temporary.iterdir()]


def test_results_are_read_where_there_is_no_place_for_temporary_files(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with Database(store.root) as db:
        assert db.table("select 1").rows == [(1,)]


@pytest.mark.parametrize("query", [SPILLING.replace("2000000", "100000000"), ENDLESS["range"]])
def test_ctrl_c_ends_the_program_with_130_one_line_and_no_files(
    store: Store, tmp_path: Path, query: str
) -> None:
    """Also where DuckDB spills."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    line = [sys.executable, "-m", "gensweep", "query", query, "--results", str(store.root)]
    process = subprocess.Popen(
        [*line, "--memory", "100MB"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not [*temporary.iterdir()] and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == "gensweep: interrupted\n"
    assert process.returncode == 130
    assert not [*temporary.iterdir()]
