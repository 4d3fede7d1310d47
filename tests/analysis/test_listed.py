"""Queries get at the files that a snapshot lists, and at no other, by whatever way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import duckdb
import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.listed import Listed
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest

SECRET = "a secret that is nowhere else"


@pytest.fixture(scope="module")
def root(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results in which somebody has put links to what is beside them."""
    place = tmp_path_factory.mktemp("listed")
    root = Path(shutil.copytree(folders["mixed"], place / "results"))
    deep = place / "outside" / "deep"
    deep.mkdir(parents=True)
    for folder in (place, place / "outside", deep):
        (folder / "secret.txt").write_text(SECRET)
        (folder / "secret.csv").write_text(f"a\n{SECRET}\n")
    (root / "link").symlink_to(deep)
    (root / "tables" / "link").symlink_to(deep)
    (root / "file.txt").symlink_to(place / "secret.txt")
    # What folds to a listed file's path leads to another file of its name.
    (place / "outside" / "tables").mkdir()
    for path in (root / "tables").glob("*.parquet"):
        shutil.copy(path, place / "outside" / "tables" / path.name)
    return root


@pytest.fixture(scope="module")
def db(root: Path) -> Iterator[Database]:
    with Database(root) as opened:
        yield opened


PLACES = [
    "{root}/link/../secret.txt",
    "{root}/link/../secret.csv",
    "{root}/tables/link/../secret.csv",
    "{root}/tables/../link/../secret.csv",
    "{root}/link/secret.csv",
    "{root}/file.txt",
    "{root}/link/../tables/{listed}",
    "{root}/tables/{listed}",
    "{root}/manifest.json",
    "results://../{listed}",
    "results://{listed}/../../secret.csv",
    "results:///etc/hostname",
    "results://*",
    "file://{root}/link/../secret.csv",
    "/proc/self/environ",
    "/proc/self/fd/0",
    "/dev/zero",
]
READERS = [
    "from read_text('{}')",
    "from read_blob('{}')",
    "from read_csv('{}')",
    "from read_csv_auto('{}', header = false)",
    "from read_json('{}')",
    "from read_ndjson_objects('{}')",
    "from read_parquet('{}')",
    "from parquet_scan(['{}'])",
    "from parquet_metadata('{}')",
    "from parquet_schema('{}')",
    "from parquet_file_metadata('{}')",
    "from parquet_kv_metadata('{}')",
    "from sniff_csv('{}')",
    "from read_duckdb('{}')",
    "from query_table('{}')",
    "from '{}'",
    "describe '{}'",
    "summarize '{}'",
]


@pytest.mark.parametrize("place", PLACES)
def test_no_reader_reads_what_is_not_listed(root: Path, db: Database, place: str) -> None:
    """Neither asked nor told to DuckDB itself, which knows no query that `check` refuses."""
    listed = next((root / "tables").glob("*-trials.parquet")).name
    path = place.format(root=root, listed=listed)
    for reader in READERS:
        with pytest.raises(QueryError):
            db.table(reader.format(path))
        with pytest.raises(duckdb.Error):
            db._connection.execute(reader.format(path)).fetchall()
    with pytest.raises(duckdb.Error):
        db._connection.execute(f"from glob('{path}')").fetchall()


def test_only_names_that_are_listed_are_allowed_to_duckdb(root: Path, db: Database) -> None:
    settings = "select current_setting('allowed_paths'), current_setting('allowed_directories')"
    ((paths, folders),) = db.table(settings).rows
    names = set(chain(*read_manifest(Store.open(root))[0].files.values()))
    assert {path.removeprefix("results://") for path in paths} == names
    assert [Path(folder).parent.name.startswith("gensweep-spill-") for folder in folders] == [True]


def test_a_file_that_becomes_a_link_after_the_snapshot_is_still_read_as_it_was(
    root: Path, tmp_path: Path
) -> None:
    copied = Path(shutil.copytree(root, tmp_path / "results", symlinks=True))
    with Database(copied) as db:
        expected = db.table("from epochs order by all").rows
        for path in (copied / "tables").glob("*.parquet"):
            path.unlink()
            path.symlink_to(root.parent / "secret.csv")
        assert db.table("from epochs order by all").rows == expected


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_listed_and_no_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "000001-trials.parquet"
    if kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(OSError, match=r"Too many levels|not a file"):
        Listed({"results://x": path})


def test_files_that_go_away_under_a_database_do_not_stop_it(root: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(root, tmp_path / "results", symlinks=True))
    with Database(copied) as db:
        shutil.rmtree(copied / "tables")
        assert db.table("select count(*) > 0 from epochs").rows == [(True,)]
