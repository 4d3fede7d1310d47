"""A file is there whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.files import publish, publish_json, publish_table


def refuse(*args: Any, **kwargs: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_published_file_has_exactly_the_content_and_nothing_lies_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "made" / "on the way" / "a.json"
    publish(path.parent, path, b"first")
    publish(path.parent, path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_failing_write_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "a.parquet"
    publish(tmp_path, path, b"old")
    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        publish(tmp_path, path, b"new")
    assert caught.value.where == str(path)
    assert "--results" in caught.value.todo
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_way_of_the_folder_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        publish(tmp_path, tmp_path / "live" / "a.parquet", b"new")


def test_a_folder_in_the_way_of_the_file_is_a_store_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a.parquet" / "inner").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be written"):
        publish(tmp_path, tmp_path / "a.parquet", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


def test_what_is_not_flushed_yet_has_no_name_that_a_reader_looks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    publish(tmp_path, path, b"old")
    seen: list[tuple[list[Path], bytes]] = []
    flush = os.fsync

    def look(file: int) -> None:
        seen.append((list(tmp_path.glob("*.parquet")), path.read_bytes()))
        flush(file)

    monkeypatch.setattr(os, "fsync", look)
    publish(tmp_path, path, b"new")
    assert seen == [([path], b"old")]


def test_two_threads_that_publish_the_same_file_leave_one_of_both_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    contents = [bytes([letter]) * 50_000 for letter in b"xy"]

    def publish_often(content: bytes) -> None:
        for _ in range(20):
            publish(tmp_path, path, content)

    writers = [threading.Thread(target=publish_often, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_json_and_tables_come_back_as_they_were(tmp_path: Path) -> None:
    publish_json(tmp_path, tmp_path / "a.json", {"format": 1, "files": ["ü"]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"format": 1, "files": ["ü"]}
    table = pa.table({"x": [1, 2, None], "y": [["a"], [], None]})
    publish_table(tmp_path, tmp_path / "a.parquet", table)
    assert pq.read_table(tmp_path / "a.parquet").equals(table)
