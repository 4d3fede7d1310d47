"""Read-only SQL over a results folder."""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb
import pyarrow as pa

from gensweep.analysis.database.catalog import VIEWS, Catalog
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.readonly import check
from gensweep.analysis.database.running import Limits, Runner
from gensweep.analysis.tables.names import distinct
from gensweep.analysis.tables.rows import Rows
from gensweep.analysis.tables.table import Row, Table
from gensweep.orchestrator.store.damage import Damage
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Heartbeat, Lease, read_heartbeat
from gensweep.orchestrator.store.location import Location
from gensweep.orchestrator.store.schemas import TABLES
from gensweep.orchestrator.store.snapshot import Snapshot, take_snapshot
from gensweep.trainables.names import unknown
from gensweep.trainables.shown import short

Result = TypeVar("Result")

_BATCH = 5000  # rows that are fetched at once
_LONGEST = 500  # characters of a message, which may have all of the query in it
_FILE = "results://{}"  # what DuckDB calls a file that is listed
# What of the trials' own files, with their nested rows, makes each table.
_LIVE = {
    "trials": "* exclude (epoch_rows, step_rows)",
    "epochs": "trial_id, unnest(epoch_rows, recursive := true)",
    "steps": "trial_id, unnest(step_rows, recursive := true)",
}


class Database:
    """The views over one moment of a results folder; `refresh` moves on to the present.

    Queries can read the views, and nothing else: they cannot write, read files, load extensions or
    change settings. Ctrl-C stops what `table` and `rows` run.
    """

    def __init__(
        self,
        root: Location | str,
        sweep: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Open all trials of a results folder, or those of one sweep alone.

        Raises StoreError if there are no results, or they cannot be read, and QueryError if
        they know no such sweep.
        """
        self._store = Store.open(root)
        self._sweep = sweep
        self._limits = limits or Limits()
        self._remove_spill: Callable[[], object] = lambda: None
        self.refresh()

    def refresh(self) -> None:
        """Take a new snapshot of the folder."""
        self._snapshot = take_snapshot(self._store)
        _raise_if_all_is_damaged(self._snapshot)
        self._remove_spill()  # of the connection before
        spill = _own_folder()
        self._remove_spill = weakref.finalize(self, _remove, spill)
        try:
            self._connection = _connect(self._snapshot, self._sweep, self._limits.memory, spill)
            self._catalog = Catalog(self._connection)
        except duckdb.OutOfMemoryException as error:
            raise _explained(error) from error
        except (duckdb.Error, OSError) as error:
            what = f"cannot be read ({_explained(error).what})"
            raise StoreError(str(self._store.root), what) from error
        self._runner = Runner(self._connection, self._limits.seconds)

    def leases(self) -> list[tuple[Lease, Heartbeat]]:
        """Who was at work, with the last sign of life of each."""
        return [(lease, read_heartbeat(self._store, lease.id)) for lease in self._snapshot.leases]

    @property
    def damaged(self) -> Sequence[Damage]:
        """Files that were left out because they are damaged, with the reason."""
        return self._snapshot.damaged

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyRelation:
        """The result of a query, lazily: `.arrow()`, `.df()`, `.pl()`, `.fetchall()`.

        Raises QueryError if the query is wrong or does more than read.
        """

        def ask() -> duckdb.DuckDBPyRelation:
            self._check(query)
            return self._connection.sql(query, params=list(parameters) or None)

        return self._run(ask)

    def table(self, query: str, parameters: Sequence[Any] = (), name: str = "query") -> Table:
        """The result of a query, read to its end. Names that two columns have are numbered."""
        rows = self.rows(query, parameters, name)
        return Table(name, rows.columns, [*rows.rows])

    def rows(self, query: str, parameters: Sequence[Any] = (), name: str = "query") -> Rows:
        """The same, but read as it is asked for, until another query is run."""

        def ask() -> tuple[list[str], Sequence[Row]]:
            self._check(query)
            cursor = self._connection.execute(query, list(parameters))
            columns = [column[0] for column in cursor.description or ()]
            return columns, cursor.fetchmany(_BATCH)

        columns, first = self._run(ask)
        return Rows(name, distinct(columns), chain(first, self._others() if first else ()))

    def _others(self) -> Iterator[Row]:
        while batch := self._run(lambda: self._connection.fetchmany(_BATCH), go_on=True):
            yield from batch

    def _run(self, work: Callable[[], Result], go_on: bool = False) -> Result:
        """Run a statement or, with `go_on`, more of it. Raises QueryError."""
        if self._runner.stuck and not go_on:  # it has the connection
            self.refresh()
        try:
            if not go_on:
                self._runner.begin()
            return self._runner.run(work)
        except (duckdb.Error, ValueError, OverflowError, RecursionError, MemoryError) as error:
            raise _explained(error) from error

    def __repr__(self) -> str:
        sweep = f", sweep {self._sweep}" if self._sweep else ""
        return f"<gensweep results in {self._store.root}{sweep}; views: {', '.join(VIEWS)}>"

    def close(self) -> None:
        if not self._runner.stuck:
            with suppress(duckdb.ConnectionException):  # closed already
                self._connection.interrupt()  # what nobody reads any further, and may have no end
            self._connection.close()
        self._remove_spill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check(self, query: str) -> None:
        check(self._connection, query)
        self._catalog.make(query)


def _raise_if_all_is_damaged(snapshot: Snapshot) -> None:
    """Raise StoreError if damage leaves no trial, as answers would be about nothing."""
    held_trials = (snapshot.store.root, snapshot.store.tables, snapshot.store.live)
    lost = [damage for damage in snapshot.damaged if damage.path.parent in held_trials]
    if lost and not snapshot.live.num_rows and not snapshot.manifest.parts:
        rest = f", and {len(lost) - 1} more" if lost[1:] else ""
        what = f"no trial is left; damaged: {lost[0]}{rest}"
        todo = "the next launch sets it aside and runs its trials again"
        raise StoreError(str(snapshot.store.root), what, todo=todo)


def _explained(error: Exception) -> QueryError:
    """DuckDB's message without its picture of the query, and without Python's traceback."""
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return QueryError(
            "query", "does not fit into memory", todo="ask for less, or raise --memory"
        )
    if isinstance(error, RecursionError) or "max_expression_depth" in str(error):
        return QueryError("query", "is nested too deeply")
    text, _, trace = str(error).partition("Traceback (most recent call last)")
    raised = re.search(r"^\w+Error: (.*)", trace, re.MULTILINE)
    if not text.strip() and raised:  # by what reads the bucket
        text = raised[1]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = [line for line in lines if not re.match(r"^(LINE \d+:|\^)", line)]
    missing = re.search(r"Table with name (\S+) does not exist", kept[0]) if kept else None
    if missing:
        return QueryError("query", *unknown("view", missing[1], VIEWS))
    return QueryError("query", short(" ".join(kept) or type(error).__name__, _LONGEST))


def _own_folder() -> str:
    """A new folder for what does not fit into memory; empty if there is no place for one."""
    try:
        return tempfile.mkdtemp(prefix="gensweep-spill-")
    except OSError:
        return ""


def _remove(folder: str) -> None:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _connect(
    snapshot: Snapshot, sweep: str | None, memory: str | None, spill: str
) -> duckdb.DuckDBPyConnection:
    """An in-memory database with the views, locked."""
    known = sorted(set(snapshot.sweeps["sweep"].to_pylist()))
    if sweep is not None and sweep not in known:
        allowed = "one of " + ", ".join(known) if known else "there are no sweeps yet"
        raise QueryError(f"sweep {sweep}", "not in these results", allowed)
    connection = duckdb.connect(config={"python_enable_replacements": False})
    connection.execute("set temp_directory = ?", [spill and f"{spill}/spill"])
    listed = [path for name in TABLES for path in snapshot.manifest.paths(snapshot.store, name)]
    if listed:
        from gensweep.analysis.database.listed import Listed  # here, as it is slow to load

        connection.register_filesystem(Listed({_FILE.format(path.name): path for path in listed}))
    claimed = [sorted(snapshot.claimed)]
    connection.execute("create table claimed as select unnest(?::varchar[]) as trial_id", claimed)
    connection.execute("set variable sweep = ?::varchar", [sweep])
    _load(connection, "live", snapshot.live)
    for name, rows in _LIVE.items():
        connection.execute(f"create table live_{name} as select {rows} from live")
        _union_view(connection, snapshot, name)
    _load(connection, "stored_sweeps", snapshot.sweeps)
    connection.execute(f"set allowed_paths = [{', '.join(map(_quoted, listed))}]")
    if memory:
        connection.execute("set memory_limit = ?", [memory])
    connection.execute("set autoinstall_known_extensions = false")
    connection.execute("set autoload_known_extensions = false")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _load(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register("incoming", table)
    connection.execute(f"create table {name} as from incoming")
    connection.unregister("incoming")


def _union_view(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, name: str) -> None:
    """Compacted rows, less those of trials that have a newer file of their own, and live rows."""
    paths = snapshot.manifest.paths(snapshot.store, name)
    query = f"select {', '.join(TABLES[name].names)} from live_{name}"
    if paths:
        listed = ", ".join(map(_quoted, paths))
        superseded = "where trial_id not in (select trial_id from live_trials)"
        kept = superseded if snapshot.live.num_rows else ""
        # By name: older files lack the columns that came later.
        files = f"read_parquet([{listed}], union_by_name = true)"
        query += f" union all by name select * from {files} {kept}"
    connection.execute(f"create view stored_{name} as {query}")


def _quoted(path: Location) -> str:
    return "'{}'".format(_FILE.format(path.name).replace("'", "''"))
