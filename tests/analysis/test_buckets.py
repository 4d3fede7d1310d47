"""Results in a bucket are asked as results in a folder are, and nothing else there can be."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.listed import Listed
from gensweep.orchestrator.store.bucket import BucketPath


def copy(folder: Path, root: BucketPath) -> BucketPath:
    for path in folder.rglob("*"):
        if path.is_file():
            (root / path.relative_to(folder).as_posix()).write_bytes(path.read_bytes())
    return root


@pytest.fixture(scope="module", params=["results", "it's 50%/of it"])
def root(
    request: pytest.FixtureRequest,
    new_bucket: Callable[[], BucketPath],
    folders: dict[str, Path],
) -> BucketPath:
    """Results of which something is compacted, beside other things."""
    bucket = new_bucket()
    compacted = next((folders["mixed"] / "tables").glob("*-trials.parquet")).read_bytes()
    for place in ("other/a.parquet", f"{request.param}2/a.parquet", "a.parquet"):
        (bucket / place).write_bytes(compacted)
    return copy(folders["mixed"], bucket / request.param)


@pytest.fixture(scope="module")
def db(root: BucketPath) -> Iterator[Database]:
    with Database(root) as db:
        yield db


def duck(root: BucketPath) -> str:
    return f"s3://{root.address}".replace("'", "''")


def part(root: BucketPath) -> str:
    """What DuckDB calls a compacted file."""
    return f"results://{next((root / 'tables').glob('*-trials.parquet')).name}"


def rounded(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Without the last bits of a mean, which depend on the order of the summands."""
    return [[round(v, 9) if isinstance(v, float) else v for v in row] for row in rows]


@pytest.mark.parametrize("state", ["live", "mixed", "compacted"])
def test_every_view_has_the_same_rows_as_in_a_folder(
    bucket: BucketPath, folders: dict[str, Path], state: str
) -> None:
    with (
        Database(folders[state]) as here,
        Database(copy(folders[state], bucket / "results")) as there,
    ):
        for view in VIEWS:
            question = f"from {view} order by all"
            assert rounded(there.table(question).rows) == rounded(here.table(question).rows)
            assert there.sql(question).types == here.sql(question).types


@pytest.mark.parametrize("prefix", ["", "[1]*?", "a#b/ü"])
def test_any_prefix_or_none_will_do(
    bucket: BucketPath, folders: dict[str, Path], prefix: str
) -> None:
    with Database(copy(folders["compacted"], bucket / prefix)) as db:
        assert db.table("select count(*) from trials").rows == [(9,)]


OUTSIDE = [
    "from '{bucket}/other/a.parquet'",
    "from '{bucket}/a.parquet'",
    "from '{root}2/a.parquet'",
    "from '{root}/../other/a.parquet'",
    "from '{root}/tables/../../../{name}/other/a.parquet'",
    "from '{root}/./../other/a.parquet'",
    "from '{root}//../other/a.parquet'",
    "from '{root}/%2e%2e/other/a.parquet'",
    "from '{root}/..'",
    "from '{root}/sweeps/made.parquet'",
    "from read_text('{root}/manifest.json')",
    "from read_parquet('{listed}/../../other/a.parquet')",
    "from glob('{listed}/*')",
    "from glob('results://*')",
    "from read_text('results://{name}/other/a.parquet')",
    "from 's3://{root}/../other/a.parquet'",
    "from 'S3://{name}/other/a.parquet'",
    "from 'gs://{name}/other/a.parquet'",
    "from '{name}/other/a.parquet'",
    "from '/{name}/other/a.parquet'",
    "from read_parquet(['{root}/sweeps/made.parquet', '{bucket}/other/a.parquet'])",
    "from glob('{bucket}/*')",
    "from glob('{bucket}/**')",
    "from glob('{root}*/*')",
    "from glob('{root}/../*')",
    "from glob('{root}/../**')",
    "from glob('{root}/**/../../other/*')",
    "from glob('s3://*')",
    "from read_text('/etc/hostname')",
    "from read_text('file:///etc/hostname')",
    "from read_text('{root}/../../../../../etc/hostname')",
    "from glob('/*')",
    "from 'https://example.org/a.parquet'",
]


@pytest.mark.parametrize("question", OUTSIDE)
def test_queries_read_nothing_else(root: BucketPath, db: Database, question: str) -> None:
    """Neither asked nor told to DuckDB itself."""
    bucket, listed = f"s3://{root.bucket}", part(root)
    text = question.format(root=duck(root), bucket=bucket, name=root.bucket, listed=listed)
    with pytest.raises(QueryError):
        db.table(text)
    with pytest.raises(duckdb.Error):
        db._connection.execute(text).fetchall()


WRITING = [
    "copy (select 1) to '{root}/x.csv'",
    "copy (select 1 as a) to '{root}/x.parquet'",
    "copy (select 1) to '{bucket}/x.csv'",
    "attach '{root}/x.db'",
    "attach '{root}/x.db' (read_only)",
    "export database '{root}/x'",
    "copy (select 1) to '{listed}'",
    "copy (select 1) to 'results://x.csv'",
    "attach '{listed}'",
]


@pytest.mark.parametrize("statement", WRITING)
def test_not_even_duckdb_itself_can_write_there(
    root: BucketPath, db: Database, statement: str
) -> None:
    """Not only since `check` refuses what is no query."""

    def everything(folder: BucketPath) -> list[Any]:
        return [everything(path) if inner else (path, path.stat()) for path, inner in folder.scan()]

    before = everything(root.parent)
    with pytest.raises(duckdb.Error):
        db._connection.execute(
            statement.format(root=duck(root), bucket=f"s3://{root.bucket}", listed=part(root))
        ).fetchall()
    assert everything(root.parent) == before


def test_a_server_that_is_gone_is_a_query_error_of_one_line(
    root: BucketPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, size: int, offset: int) -> bytes:
        raise OSError(113, "no connection: Could not connect to server", str(root))

    class Gone:
        size, read_at = pa.BufferReader(b"x" * 1000).size, fail

    with Database(root) as db:
        monkeypatch.setattr(Listed, "_find", lambda *_: Gone())
        with pytest.raises(QueryError) as caught:
            db.table("from trials")
    assert "\n" not in str(caught.value)
    assert "nothing" not in str(caught.value)  # the secret key


def test_a_closed_connection_lets_go_of_the_files(root: BucketPath) -> None:
    def kept() -> int:
        gc.collect()
        return sum(isinstance(thing, Listed) for thing in gc.get_objects())

    before = kept()
    with Database(root) as db:
        db.table("from trials")
        assert kept() == before + 1
    assert kept() == before


@pytest.mark.parametrize(
    "name", ["s3://{root}/tables/x", "{root}", "results://x", "{listed}/../x", "", "/", "{listed}x"]
)
@pytest.mark.parametrize("use", ["info", "ls", "open", "glob"])
def test_nor_can_whoever_gets_past_duckdb(root: BucketPath, name: str, use: str) -> None:
    files = Listed({part(root): next((root / "tables").glob("*-trials.parquet"))})
    with pytest.raises(PermissionError):
        getattr(files, use)(name.format(root=root.address, listed=part(root)))


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b", "w"])
def test_nor_can_anything_be_opened_to_be_written(root: BucketPath, mode: str) -> None:
    with pytest.raises(PermissionError):
        Listed({}).open("results://made.parquet", mode)


def test_a_folder_of_which_nothing_is_compacted_needs_no_file_system(
    folders: dict[str, Path],
) -> None:
    script = (
        "import sys; from gensweep.analysis.database.connection import Database\n"
        f"with Database({str(folders['live'])!r}) as db: db.table('from trials')\n"
        "print('fsspec' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60, env=os.environ
    )
    assert done.stdout == b"False\n"
