"""A results folder is made once, opened often, and never mistaken for something else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.schemas import FORMAT


def test_a_folder_that_was_made_can_be_opened_and_made_again(tmp_path: Path) -> None:
    made = Store.create(tmp_path / "deep" / "results")
    assert json.loads((made.root / "gensweep.json").read_text()) == {"format": FORMAT}
    assert Store.open(made.root) == Store.create(made.root) == made


def test_an_empty_folder_can_be_taken(tmp_path: Path) -> None:
    assert Store.create(tmp_path).marker.exists()


def test_a_relative_folder_stays_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.create(Path("results"))
    monkeypatch.chdir("/")
    assert store.root == tmp_path / "results"
    assert store.marker.exists()


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(StoreError, match="is not empty and holds no gensweep results") as caught:
        Store.create(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert "--results" in caught.value.todo
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("inner", [".", "below/it"])
def test_a_file_in_the_way_is_a_store_error(tmp_path: Path, inner: str) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Store.create(tmp_path / "results" / inner)
    assert "--results" in caught.value.todo


def test_a_folder_that_is_not_there_cannot_be_opened_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no such folder.*gensweep launch"):
        Store.open(tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_folder_without_results_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no gensweep results.*gensweep launch"):
        Store.open(tmp_path)


@pytest.mark.parametrize("enter", [Store.open, Store.create])
def test_a_folder_of_a_newer_format_is_refused(
    enter: Callable[[Path], Store], store: Store
) -> None:
    store.marker.write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(
        StoreError, match=f"is in format {FORMAT + 1}; format {FORMAT}; use a newer"
    ):
        enter(store.root)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "7"])
def test_a_damaged_marker_is_a_store_error(store: Store, content: str) -> None:
    store.marker.write_text(content)
    with pytest.raises(StoreError, match="cannot be read") as caught:
        Store.open(store.root)
    assert caught.value.where == str(store.marker)


def test_a_folder_can_be_moved(
    store: Store,
    write: Callable[..., Any],
    rows: Callable[[Store], Any],
    tmp_path: Path,
) -> None:
    write(store, 1)
    compact(store)
    write(store, 2, "running")
    before = rows(store)
    shutil.move(store.root, tmp_path / "elsewhere")
    assert rows(Store.open(tmp_path / "elsewhere")) == before
