"""A question reads, and does nothing else, however it is put."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gensweep.analysis.database import connection as database
from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.tables.names import distinct

COPY = "copy (select 1) to '{root}/x.csv'"
INSERT = "insert into stored_sweeps by name select 'x' as sweep returning *"

STATEMENTS = [
    COPY,
    "copy stored_sweeps from '{root}/manifest.json'",
    "insert into stored_sweeps by name select 'x' as sweep",
    "update stored_sweeps set sweep = 'x'",
    "delete from stored_sweeps",
    "truncate stored_sweeps",
    "merge into stored_sweeps using stored_sweeps s on false when not matched then insert *",
    "create table x (a int)",
    "create or replace view trials as select 1",
    "create macro m(a) as a",
    "drop view trials",
    "alter table stored_sweeps add column x int",
    "attach '{root}/x.db'",
    "detach memory",
    "export database '{root}/x'",
    "import database '{root}'",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "set variable sweep = 'x'",
    "reset threads",
    "pragma version",
    "pragma enable_profiling",
    "call pragma_version()",
    "use memory",
    "begin",
    "vacuum",
    "checkpoint",
    "prepare q as select 1",
    "execute q",
]
DISGUISED = [
    f"/* a question */ {COPY}",
    f"-- a question\n{COPY}",
    f"from trials; {COPY}",
    f"{COPY}; from trials",
    "select 1; select 2",
    f"explain {COPY}",
    f"explain analyze {COPY}",
    f"EXPLAIN ANALYZE {COPY}",
    f"explain (analyze) {COPY}",
    f"explain (analyze, format json) {COPY}",
    f"explain/**/analyze {COPY}",
    f"/**/ explain analyze {COPY}",
    f"-- a question\nexplain analyze {COPY}",
    f"explain -- a question\nanalyze {COPY}",
    # Comments in which the end of the options hides from whoever does not read as DuckDB does.
    f"explain (analyze /* ) select 1 -- */ ) {COPY}",
    f"explain (analyze, format /* ) select 1 -- */ json) {COPY}",
    f"explain (analyze -- ) select 1 /*\n) {COPY} -- */",
    f"explain analyze with x as ({INSERT}) from x",
    "explain analyze create table x (a int)",
    # Since DuckDB 2.0 these are SELECT statements.
    f"with x as ({COPY}) select 1",
    f"with x as ({INSERT}) from x",
    f"with x as materialized ({INSERT}) from x",
    f"with x as (with y as (select 1) {INSERT}) from x",
    "with x as (update stored_sweeps set sweep = 'x' returning *) from x",
    "with x as (delete from stored_sweeps returning *) from x",
    f"from (with x as ({INSERT}) from x)",
    f"select 1 union all (with x as ({INSERT}) select 1)",
]
FUNCTIONS = [
    "from query('select 1')",
    f"from query('with x as ({INSERT.replace(chr(39), chr(39) * 2)}) from x')",
    "from json_execute_serialized_sql(json_serialize_sql('{dml}'))",
    "from system.main.json_execute_serialized_sql(json_serialize_sql('{dml}'))",
    "from \"JSON_Execute_Serialized_SQL\"(json_serialize_sql('{dml}'))",
    "from query('from json_execute_serialized_sql(json_serialize_sql(''select 1''))')",
    "from destroy_external_resource('json_execute_serialized_sql', json_serialize_sql('{dml}'))",
    "from trials where exists (from destroy_external_resource('query', 'select 1'))",
    "from register_external_resource('a', 'b', map{{}}, uri = '{root}/x.db')",
    "from enable_logging()",
    "from truncate_duckdb_logs()",
    "from read_duckdb('{root}/x.db')",
    "summarize from query('select 1')",
]
OUTSIDE = [
    "from '{outside}/a.csv'",
    "from read_csv('{outside}/a.csv')",
    "from read_csv('{root}/../outside/a.csv')",
    "from read_csv(['{outside}/a.csv'])",
    "select content from read_text('/etc/hostname')",
    "from read_blob('/etc/hostname')",
    "from read_json('{outside}/a.csv')",
    "from read_parquet('{outside}/*.parquet')",
    "from parquet_metadata('{outside}/*.parquet')",
    "from query_table('trials')",
    "from glob('{root}/**')",
    "from read_parquet('{root}/sweeps/*.parquet')",
    "from 'results://000001-trials.parquet'",
    "from sniff_csv('{outside}/a.csv')",
    "from glob('{outside}/*')",
    "from glob('/*')",
    "from query_table('{outside}/a.csv')",
    "from query_table(['{outside}/a.csv'])",
    "from 'https://example.org/a.csv'",
    "from 's3://bucket/a.parquet'",
    "from read_csv('/dev/stdin')",
    "from duckdb_secrets()",
    "from frame",
]


@pytest.fixture(scope="module")
def root(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readonly")
    (folder / "outside").mkdir()
    (folder / "outside" / "a.csv").write_text("a\n1\n")
    return Path(shutil.copytree(folders["mixed"], folder / "results"))


@pytest.fixture(scope="module")
def db(root: Path) -> Iterator[Database]:
    with Database(root) as opened:
        yield opened


def everything(root: Path, db: Database) -> tuple[Any, ...]:
    """All files around the results, and all that the connection has in memory."""
    files = {path: path.read_bytes() for path in root.parent.rglob("*") if path.is_file()}
    names = db.table("select database, name from (show all tables) order by all").rows
    tables = [name for _, name in names if name not in VIEWS]
    sizes = [db.table(f"select count(*) from {name}").rows for name in tables]
    return files, names, sizes


@pytest.mark.parametrize("question", [*STATEMENTS, *DISGUISED, *FUNCTIONS, *OUTSIDE])
def test_what_does_more_than_read_the_results_is_refused_and_changes_nothing(
    root: Path, db: Database, question: str
) -> None:
    frame = {"a": [1]}  # a Python object is no table
    dml = "with x as (delete from stored_sweeps returning *) from x"
    before = everything(root, db)
    text = question.format(root=root, outside=root.parent / "outside", dml=dml)
    for ask in (db.table, lambda text: db.sql(text).fetchall()):
        with pytest.raises(QueryError) as caught:
            ask(text)
        assert "\n" not in str(caught.value)
    assert everything(root, db) == before, frame


READING = [
    "select count(*) from trials",
    "select 1;",
    " \n select 1 -- a comment",
    "/* a comment */ select 1",
    "from trials",
    "from trials select model limit 1",
    "(select 1)",
    "with a as (select 1 as x) select x from a",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) from r",
    "select 1 union all select 2 intersect select 2",
    "values (1, 2), (3, 4)",
    "table trials",
    "describe trials",
    "describe select 1",
    "summarize epochs",
    "show tables",
    "explain select 1",
    "explain from trials",
    "explain (from trials)",
    "explain analyze select 1",
    "explain analyze (from trials)",
    "explain (format json) select 1",
    "explain (analyze, format json) select 1",
    "pivot trials on status in ('done', 'failed') using count(*) group by model",
    "unpivot (select 1 as a, 2 as b) on a, b",
    "from range(3)",
    "select unnest([1, 2])",
    "from trials t join epochs e using (trial_id) where e.epoch = t.fit_epoch",
    "select model, avg(fit_epoch) over (partition by model) from trials qualify true",
    "select list_transform([1], lambda x: x + 1), {'a': 1}, map {'a': 1}",
    "select columns('.*_error') from epochs using sample 2",
    "select json_extract_string(versions, '$.python') from trials",
    "select 'copy trials to ''x''' as text, 1 as \"insert\"",
]


@pytest.mark.parametrize("question", READING)
def test_whatever_reads_is_answered(root: Path, db: Database, question: str) -> None:
    text = question.format(root=root) if "{root}" in question else question
    answer = db.table(text)
    assert answer.rows
    assert distinct(db.sql(text).columns) == answer.columns
    assert len(db.sql(text).fetchall()) == len(answer.rows)


MISTAKES = {
    "from nope": "unknown view 'nope'; one of sweep_trials, trials, epochs, steps, ",
    "from trails": "unknown view 'trails'; did you mean 'trials'?; one of sweep_trials, ",
    "selec 1": 'Parser Error: syntax error at or near "selec"',
    "select nope from trials": 'Binder Error: Referenced column "nope" not found in FROM clause!',
    "select 'a'::int": "Conversion Error: Could not convert string 'a' to INT32",
    "select error('two' || chr(10) || 'lines')": "Invalid Input Error: two lines",
    "": "is not one statement; one SELECT or EXPLAIN statement",
    ";": "is not one statement; one SELECT or EXPLAIN statement",
    "delete from trials": "DELETE is not a query; one SELECT or EXPLAIN statement",
    "pivot trials on model": "PIVOT without a list of values creates a type",
    "from query('select 1')": "query is not allowed in queries; "
    "the table functions are duckdb_columns, ",
    "select ?": "Invalid Input Error: Values were not provided for the following parameters: 1",
}


@pytest.mark.parametrize("question", MISTAKES)
def test_a_mistake_is_explained_in_one_line(db: Database, question: str) -> None:
    with pytest.raises(QueryError) as caught:
        db.table(question)
    message = str(caught.value)
    assert message.startswith(f"query: {MISTAKES[question]}")
    assert len(message.splitlines()) == 1
    assert "LINE 1" not in message


def test_an_explanation_never_has_a_traceback_in_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB passes on what Python raises, and all of it."""
    text = "Invalid Input Error: no module x:\n\nTraceback (most recent call last):\n  File 'a.py'"

    def fail(*_: Any) -> None:
        raise duckdb.InvalidInputException(text)

    monkeypatch.setattr(database, "check", fail)
    with pytest.raises(QueryError, match=r"^query: Invalid Input Error: no module x:$"):
        db.table("select 1")
