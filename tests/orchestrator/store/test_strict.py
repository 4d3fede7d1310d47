"""Parquet files that no program of ours writes: each is damage, named and left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gensweep.orchestrator.store import strict
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.repair import repair
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.trainables.classifier.trial import ClassifierTrial

LIVE = ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=8).trial_id  # of `filled`


def _twice(table: pa.Table) -> pa.Table:
    return table.append_column("status", table["status"])


def _without_id(table: pa.Table) -> pa.Table:
    return table.drop_columns(["trial_id"])


def _number_for_text(table: pa.Table) -> pa.Table:
    number = table.column_names.index("status")
    return table.set_column(number, "status", pa.array([1] * len(table)))


def _no_text(table: pa.Table) -> pa.Table:
    offsets = pa.array(range(0, 2 * len(table) + 1, 2), pa.int32()).buffers()[1]
    column = pa.StringArray.from_buffers(
        len(table), offsets, pa.py_buffer(b"\xff\xc0" * len(table))
    )
    return table.set_column(table.column_names.index("host"), "host", column)


def _late(table: pa.Table) -> pa.Table:
    field = table.schema.field("started_at")
    moment = pa.array([2**63 - 1] * len(table), pa.int64()).cast(field.type)
    return table.set_column(table.column_names.index("started_at"), field, moment)


def _with(**columns: Any) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        for name, value in columns.items():
            column = pa.array([value] * len(table), pa.string())
            table = table.set_column(table.column_names.index(name), name, column)
        return table

    return changed


def _number(name: str, value: float) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        at = table.column_names.index(name)
        column = pa.array([value] * len(table)).cast(table.schema.field(name).type)
        return table.set_column(at, table.schema.field(name), column)

    return changed


BAD = {
    "a column twice": _twice,
    "no ids": _without_id,
    "no id": _with(trial_id=None),
    "a number for text": _number_for_text,
    "no UTF-8": _no_text,
    "a time in no calendar": _late,
    "an unknown status": _with(status="\x1b[2J" * 1000),
    "no status": _with(status=None),
    "no settings": _with(config=None),
    "settings that are no JSON": _with(config="[" * 100_000),
    "another trial": _with(trial_id="00000000beef"),
    "an epoch that fits no integer": _number("epochs", 2**31),
    "a step that fits no float": _number("steps", 2**62),
    "steps before the first": _number("fit_step", -1),
    "an error above 1": _number("final_train_error", 1e18),
    "an error below 0": _number("best_test_error", -0.5),
    "an infinite error": _number("final_test_error", inf),
}


@pytest.mark.parametrize("kind", [*BAD, "no rows", "two rows"])
def test_a_trial_with_wrong_content_is_named_and_left_out(filled: Store, kind: str) -> None:
    path = Path(str(filled.live_file(LIVE)))
    table = pq.read_table(path)
    rows = {"no rows": table.slice(0, 0), "two rows": pa.concat_tables([table, table])}
    pq.write_table(rows[kind] if kind in rows else BAD[kind](table), path)
    seen = take_snapshot(filled)
    assert [d.path for d in seen.damaged] == [path]
    assert len(str(seen.damaged[0])) < 600
    assert "\n" not in str(seen.damaged[0])
    assert len(statuses(seen)) == 8
    assert compact(filled).damaged


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind != "another trial"])
def test_a_part_with_wrong_content_is_named_and_left_out(filled: Store, kind: str) -> None:
    path = filled.tables / "000001-trials.parquet"
    pq.write_table(BAD[kind](pq.read_table(path)), path)
    seen = take_snapshot(filled)
    assert [(d.path, d.part) for d in seen.damaged] == [(path, "000001")]
    assert len(statuses(seen)) == 4
    assert [d.path for d in repair(filled)] == [path]
    assert list(take_snapshot(filled, verify=True).damaged) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", -1),
        ("epoch", 2**31),
        ("step", 2**63 - 1),
        ("train_error", 1e18),
        ("test_error", -1.0),
    ],
)
@pytest.mark.parametrize("live", [True, False], ids=["live", "compacted"])
def test_an_epoch_with_numbers_that_cannot_be_is_named_and_left_out(
    filled: Store, name: str, value: float, live: bool
) -> None:
    if live:
        path = Path(str(filled.live_file(LIVE)))
        table = pq.read_table(path)
        (row,) = table.to_pylist()
        row["epoch_rows"][-1][name] = value
        table = pa.Table.from_pylist([row], table.schema)
    else:
        path = Path(str(filled.tables)) / "000001-epochs.parquet"
        table = _number(name, value)(pq.read_table(path))
    pq.write_table(table, path)
    assert [d.path for d in take_snapshot(filled).damaged] == [path]


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_file_that_undoes_a_trial_which_is_over_is_named_and_left_out(
    filled: Store, status: str
) -> None:
    done = pq.read_table(filled.tables / "000001-trials.parquet")["trial_id"][0].as_py()
    path = Path(str(filled.live_file(done)))
    table = pq.read_table(str(filled.live_file(LIVE)))
    pq.write_table(_with(trial_id=done, status=status)(table), path)
    seen = take_snapshot(filled)
    assert [d.path for d in seen.damaged] == [path]
    assert statuses(seen)[done].status == "done"
    assert [d.path for d in repair(filled)] == [path]


def _equal_steps(table: pa.Table) -> pa.Table:
    (row,) = table.to_pylist()
    row["step_rows"] = [{"step": 1, "train_loss": 1.0}] * 10_000
    return pa.Table.from_pylist([row], table.schema)


def _equal_examples(table: pa.Table) -> pa.Table:
    (row,) = table.to_pylist()
    row["example_forgotten"] = [0] * 100_000
    return pa.Table.from_pylist([row], table.schema)


def _equal_names(table: pa.Table) -> pa.Table:
    (row,) = table.to_pylist()
    row["measurements"] = [{"name": "a" * 1000, "value": 1.0}] * 100
    return pa.Table.from_pylist([row], table.schema)


def _equal_texts(table: pa.Table) -> pa.Table:
    (row, *_) = table.to_pylist()
    rows = [{**row, "trial_id": f"{i:012x}", "setting": '"' + 1000 * "a" + '"'} for i in range(100)]
    return pa.Table.from_pylist(rows, table.schema)


@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("live/{id}.parquet", _equal_steps),
        ("live/{id}.parquet", _equal_examples),
        ("live/{id}.parquet", _equal_names),
        ("tables/000001-trials.parquet", _equal_texts),
        ("sweeps/sweep_1.parquet", _equal_texts),
    ],
)
def test_a_small_file_with_large_content_is_named_and_left_out_unread(
    filled: Store,
    place: str,
    make: Callable[[pa.Table], pa.Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = filled.root / place.format(id=LIVE)
    table = make(pq.read_table(path))
    pq.write_table(table, path, compression="zstd")
    assert [d for d in take_snapshot(filled).damaged if "bytes of values" in d.reason] == []
    monkeypatch.setattr(strict, "MOST", path.stat().st_size + 1)
    monkeypatch.setattr(strict, "_GROWTH", 2)
    (damage,) = (d for d in take_snapshot(filled).damaged if d.path == path)
    assert re.search(r"[\d,]+ bytes of values in a file of [\d,]+ bytes", damage.reason)
