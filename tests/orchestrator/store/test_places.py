"""A place in a bucket is used as a place on a disk is: what a Path and a BucketPath both do."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.location import Location


@pytest.fixture(params=["disk", "bucket", "prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """An empty folder."""
    if request.param == "disk":
        return tmp_path
    whole: BucketPath = request.getfixturevalue("bucket")
    return whole if request.param == "bucket" else whole / "some prefix/of+it"


def test_names_are_taken_apart_and_put_together_alike(place: Location) -> None:
    path = place / "live" / "a-1.parquet"
    assert (path.name, path.stem, path.suffix) == ("a-1.parquet", "a-1", ".parquet")
    assert path.parent == place / "live"
    assert path.parent.parent == place
    assert path.with_name("b") == place / "live/b"
    assert place / "live/./" / "a-1.parquet" == path == path.absolute()
    assert len({path, place / "live/a-1.parquet", path.parent}) == 2
    assert sorted([place / "c", place / "a", place / "b"]) == [place / n for n in "abc"]
    assert pickle.loads(pickle.dumps(path)) == path


def test_what_is_written_is_there_at_once_and_can_be_replaced(place: Location) -> None:
    path = place / "a"
    assert path.write_bytes(b"first") == 5
    assert path.exists()
    assert path.is_file()
    assert not path.is_dir()
    assert list(place.iterdir()) == [path]
    assert path.read_bytes() == b"first"
    path.write_bytes(b"")
    assert path.read_bytes() == b""
    path.write_bytes("zwölf".encode())
    assert path.read_text(encoding="utf-8") == "zwölf"


@pytest.mark.parametrize("name", ["a b", "ü", "a%20b", "a+b", "a#b", "a?b", "a&b=c", "'a'", "[a]"])
def test_any_name_will_do(place: Location, name: str) -> None:
    path = place / name
    path.write_bytes(name.encode())
    assert [found.name for found in place.iterdir()] == [name]
    assert path.read_bytes() == name.encode()
    path.unlink()
    assert not path.exists()


@pytest.mark.parametrize(
    "use",
    [
        lambda path: path.read_bytes(),
        lambda path: path.read_text(),
        lambda path: path.open("rb"),
        lambda path: path.stat(),
        lambda path: path.unlink(),
        lambda path: path.replace(path.with_name("b")),
    ],
)
def test_what_is_not_there_is_said_to_be_missing(
    place: Location, use: Callable[[Location], Any]
) -> None:
    path = place / "a"
    assert not path.exists()
    with pytest.raises(FileNotFoundError) as caught:
        use(path)
    assert caught.value.strerror == "No such file or directory"
    assert caught.value.filename == (path if isinstance(path, Path) else str(path)) or str(path)
    path.unlink(missing_ok=True)


def test_a_folder_is_there_while_it_has_something_in_it(place: Location) -> None:
    assert not (place / "live").exists()
    assert list((place / "live").glob("*")) == []
    (place / "live").mkdir(parents=True, exist_ok=True)
    assert list((place / "live").iterdir()) == []
    (place / "live" / "a").write_bytes(b"")
    assert (place / "live").is_dir()
    assert (place / "live").exists()
    assert not (place / "live").is_file()
    assert not (place / "liv").exists()
    assert list(place.iterdir()) == [place / "live"]


def test_a_pattern_finds_the_names_of_one_level(place: Location) -> None:
    names = ["a.parquet", "b.parquet", ".b.parquet", "B.PARQUET", "c.json", "inner/d.parquet"]
    (place / "inner").mkdir(parents=True)
    for name in names:
        (place / name).write_bytes(b"")
    found = {path.name for path in place.glob("*.parquet")}
    assert found == {"a.parquet", "b.parquet", ".b.parquet"}
    assert {path.name for path in place.glob("*")} == {n.split("/")[0] for n in names}
    assert {path.name for path in place.glob("[ac].*")} == {"a.parquet", "c.json"}


def test_more_than_a_page_of_names_is_listed(bucket: BucketPath) -> None:
    names = {f"{number:04}" for number in range(1010)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: (bucket / name).write_bytes(b""), names))
    assert {path.name for path in bucket.iterdir()} == names


def test_a_file_moves_over_another(place: Location) -> None:
    (place / "a").write_bytes(b"a")
    (place / "inner").mkdir()
    (place / "inner/b").write_bytes(b"b")
    (place / "a").replace(place / "inner/b")  # type: ignore[arg-type]
    assert (place / "inner/b").read_bytes() == b"a"
    assert not (place / "a").exists()


def test_a_replaced_file_is_told_from_the_old_one_even_within_a_second(place: Location) -> None:
    def stamps() -> tuple[int, int]:
        status = (place / "a").stat()
        assert status.st_size == 3
        assert abs(status.st_mtime - time.time()) < 5
        return status.st_ino, status.st_mtime_ns

    (place / "a").write_bytes(b"old")
    old = stamps()
    assert stamps() == old
    (place / "b").write_bytes(b"new")
    (place / "b").replace(place / "a")  # type: ignore[arg-type]
    assert stamps() != old


@pytest.mark.parametrize("rows", [3, 600_000])
def test_parquet_is_read_from_an_open_file(place: Location, rows: int) -> None:
    table = pa.table({"x": range(rows), "y": range(rows)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="none", use_dictionary=False)
    (place / "a.parquet").write_bytes(sink.getvalue().to_pybytes())
    with (place / "a.parquet").open("rb") as file:
        assert pq.ParquetFile(file).read().equals(table)
    assert len((place / "a.parquet").read_bytes()) == sink.getvalue().size
