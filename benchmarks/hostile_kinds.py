"""Results folders as a stranger would send them: a healthy one, and what is done to it.

Names that are paths, links, pipes and devices, manifests that name other people's files, JSON and
Parquet of every wrong kind, small files with values for gigabytes.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.files import publish, publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance, sweep_rows
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.records import Ended, Epoch, Started, Steps

TRIALS = [
    ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed, epochs=2)
    for seed in range(6)
]
IDS = [trial.trial_id for trial in TRIALS]


class Place(NamedTuple):
    """A results folder, and a folder beside it that nothing may touch."""

    root: Path
    outside: Path


def template(root: Path) -> Store:
    """Two compacted parts, two trials of their own, two sweeps, a lease and checkpoints."""
    store = Store.create(root)
    for number, trial in enumerate(TRIALS):
        writer = TrialWriter(store, trial, Provenance("a-host", "0123", '{"python": "3"}'))
        writer.add(Started("cpu", 1234))
        for epoch in (1, 2):
            writer.add(Steps(4 * epoch, 1.0 / epoch))
            writer.add(_epoch(epoch))
        if number < 5:
            writer.add(Ended("done", ""))
        if number in (1, 3):
            compact(store)
    planned = [(trial, ("figure_1a",)) for trial in TRIALS]
    for name in ("made", "other"):
        publish_table(store.root, store.sweep_file(name), sweep_rows(name, planned))
    owner = {"host": "b-host", "pid": 4711, "machine": "another boot", "start": "1"}
    claim = {"purpose": "launch of made", "owner": owner, "since": "then", "names": IDS[5:]}
    beat = {"count": 1, "settled": True, "nodes": [{"host": "b-host", "workers": 2}]}
    for ending, content in (("json", claim), ("beat", beat)):
        path = store.leases / f"0123456789ab.{ending}"
        publish(store.root, path, json.dumps(content).encode())
    for trial_id in (IDS[0], IDS[5]):
        publish(store.root, store.checkpoint_file(trial_id), b"a checkpoint")
    return store


def _epoch(number: int) -> Epoch:
    errors = dict.fromkeys(
        ("train_error", "test_error", "clean_train_error", "train_loss", "test_loss"), 0.5 / number
    )
    others = dict.fromkeys(("corrupted_train_error", "memorized_fraction", "recovered_fraction"))
    return Epoch(epoch=number, step=4 * number, lr=0.1, seconds=0.5, **errors, **others)


def surroundings(outside: Path, healthy: Path) -> None:
    """What a hostile folder may be after: results, other Parquet files, and a secret."""
    shutil.copytree(healthy, outside / "results")
    (outside / "results" / "checkpoints").mkdir(exist_ok=True)
    (outside / "results" / "quarantine").mkdir(exist_ok=True)
    (outside / "secret.txt").write_text("a secret", encoding="utf-8")
    (outside / "manifest.json").write_bytes((healthy / "manifest.json").read_bytes())
    for name in ("precious.parquet", "precious.ckpt", "precious.json", ".old.tmp"):
        (outside / name).write_bytes(next((healthy / "live").iterdir()).read_bytes())
    os.utime(outside / ".old.tmp", (0, 0))


# What is done to it ----------------------------------------------------------------------------


def names(rng: random.Random, place: Place) -> Any:
    """What a stranger may write where a name belongs."""
    out = place.outside
    up = "../" * rng.randint(1, 3)
    path = rng.choice(
        [f"{up}{out.name}/precious", str(out / "precious"), f"x/../{up}{out.name}/precious"]
    )
    odd = [None, "", ".", "..", "/", "a b", "CON", "-rf", "ü", "é" * 40, "\x1b[2J", "a\x00b"]
    odd += ["x" * 300, "x" * 100_000, "‮abc", "abcdefabcdef\n", "ABCDEF012345", "０" * 12, "~"]
    return rng.choice([path, path, rng.choice(odd)])


def jsons(rng: random.Random) -> bytes:
    """Content of a JSON file that no program writes."""
    deep = rng.choice([900, 100_000])
    return rng.choice(
        [
            b"",
            b"null",
            b"7",
            b"[]",
            b"{}",
            b'"text"',
            b"\xff\xfe\x00",
            b"\x00" * 99,
            b"[" * deep,
            b'{"a":' * deep,
            b"[" * deep + b"]" * deep,
            b'{"generation": 1e999, "files": {}}',
            b'{"format": NaN}',
            b'{"format": ' + b"9" * 10_000 + b"}",
            b'{"count": 1e999, "nodes": [[]]}',
            b'{"format": 1, "format": 2}',
            json.dumps({"format": "x" * 100_000}).encode(),
        ]
    )


def _files(root: Path, pattern: str) -> list[Path]:
    """The regular files; what is done to a folder must not itself go through a link."""
    if root.is_symlink():
        return []
    return sorted(path for path in root.rglob(pattern) if path.is_file() and not path.is_symlink())


def _put(path: Path, text: str) -> None:
    """Write a file, unless there is something else: a link leads out, and a pipe never ends."""
    if not os.path.lexists(path) or (path.is_file() and not path.is_symlink()):
        path.write_text(text, encoding="utf-8")


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _some_table(rng: random.Random, place: Place) -> tuple[Path, pa.Table]:
    path = rng.choice(_files(place.root, "*.parquet"))
    return path, pq.read_table(path)


def hostile_ids(rng: random.Random, place: Place) -> None:
    path, table = _some_table(rng, place)
    ids = [*table["trial_id"].to_pylist()]
    ids[rng.randrange(len(ids))] = names(rng, place)
    pq.write_table(_replaced(table, "trial_id", pa.array(ids, pa.string())), path)


def hostile_sweeps(rng: random.Random, place: Place) -> None:
    path = rng.choice(_files(place.root / "sweeps", "*.parquet"))
    table = pq.read_table(path)
    sweeps = pa.array([names(rng, place)] * len(table), pa.string())
    pq.write_table(_replaced(table, "sweep", sweeps), path)


def hostile_settings(rng: random.Random, place: Place) -> None:
    """Rows whose settings are no settings."""
    path, table = _some_table(rng, place)
    columns = [c for c in ("config", "trainable", "setting", "status") if c in table.column_names]
    if columns:
        name = rng.choice(columns)
        texts = [jsons(rng).decode("latin-1"), names(rng, place), "{}", '{"epochs": "many"}', None]
        column = pa.array([rng.choice(texts)] * len(table), pa.string())
        pq.write_table(_replaced(table, name, column), path)


def wrong_schema(rng: random.Random, place: Place) -> None:
    path, table = _some_table(rng, place)
    name = rng.choice(["trial_id", *table.column_names])
    number = table.column_names.index(name)
    kind = rng.randrange(6)
    if kind == 0:
        table = table.append_column(name, table[name])
    elif kind == 1:
        table = table.remove_column(number)
    elif kind == 2:
        table = _replaced(table, name, pa.array([b"\xff\xfe"] * len(table), pa.binary()))
    elif kind == 3:
        table = _replaced(
            table, name, pa.array([7] * len(table), rng.choice([pa.int8(), pa.date32()]))
        )
    elif kind == 4:
        table = _replaced(table, name, pa.nulls(len(table), table.schema.field(name).type))
    else:
        table = rng.choice([table.slice(0, 0), pa.concat_tables([table] * 3), pa.table({})])
    pq.write_table(table, path)


def wrong_values(rng: random.Random, place: Place) -> None:
    """Text that is no text, moments that are in no calendar, numbers that are none."""
    path, table = _some_table(rng, place)
    field = rng.choice(list(table.schema))
    if pa.types.is_string(field.type):
        offsets = pa.array([2 * i for i in range(len(table) + 1)], pa.int32()).buffers()[1]
        text = pa.py_buffer(b"\xff\xc0" * len(table))
        column = pa.StringArray.from_buffers(len(table), offsets, text)
    elif pa.types.is_timestamp(field.type):
        moment = rng.choice([2**63 - 1, -(2**63) + 1, 10**18])
        column = pa.array([moment] * len(table), pa.int64()).cast(field.type)
    elif pa.types.is_int64(field.type) or pa.types.is_float64(field.type):
        extreme = (
            [2**63 - 1, -(2**63), -1, 2**31]
            if pa.types.is_int64(field.type)
            else [1e308, float("nan"), float("-inf"), 1e18, -0.5]
        )
        column = pa.array([rng.choice(extreme)] * len(table), field.type)
    else:
        return
    pq.write_table(_replaced(table, field.name, column), path)


def bombs(rng: random.Random, place: Place) -> None:
    """Small files whose values would take all memory: equal rows, or one long text in many rows."""
    path, table = _some_table(rng, place)
    row = table.slice(0, 1)
    if "step_rows" in table.column_names:
        steps = pa.StructArray.from_arrays(
            [pa.array(np.ones(20_000_000, dtype)) for dtype in ("int64", "float64")],
            fields=list(table.schema.field("step_rows").type.value_type),
        )
        column = pa.ListArray.from_arrays(pa.array([0, len(steps)], pa.int32()), steps)
        row = _replaced(row, "step_rows", column)
    elif "status" in table.column_names:
        ids = pa.array([f"{i:012x}" for i in range(200)])
        text = pa.DictionaryArray.from_arrays(pa.array([0] * 200, pa.int32()), ["a" * 4_000_000])
        row = _replaced(pa.concat_tables([row] * 200), "trial_id", ids)
        row = _replaced(row, "error", text)
    else:
        row = row.take(pa.array(np.zeros(20_000_000, "int32")))
    pq.write_table(row, path, compression="zstd", store_schema=False)


def damaged_bytes(rng: random.Random, place: Place) -> None:
    path = rng.choice(_files(place.root, "*"))
    content = bytearray(path.read_bytes())
    kind = rng.randrange(4)
    if kind == 0:
        content = content[: rng.randrange(len(content) + 1)]
    elif kind == 1 and content:
        for _ in range(rng.randint(1, 20)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    elif kind == 2:
        content = bytearray(rng.randbytes(rng.choice([0, 8, 5000])))
    elif len(content) > 8:  # the length of the footer
        content[-8:-4] = struct.pack("<I", rng.choice([0, 1, 2**31, 2**32 - 1, len(content)]))
    path.write_bytes(bytes(content))


def damaged_json(rng: random.Random, place: Place) -> None:
    files = [*_files(place.root, "*.json"), *_files(place.root, "*.beat")]
    rng.choice(files).write_bytes(jsons(rng))


def hostile_manifest(rng: random.Random, place: Place) -> None:
    out = place.outside
    inside = [f"00000{g}-{t}.parquet" for g in (1, 2) for t in ("trials", "epochs", "steps")]
    listed = [str(out / "results" / "tables" / "000001-trials.parquet"), "../live/x.parquet"]
    listed += [f"../../{out.name}/precious.parquet", "", 7, None, "x" * 100_000, "\x1b[2J", *inside]
    files: Any = {
        t: [rng.choice(listed) for _ in range(rng.randrange(3))]
        for t in ("trials", "epochs", "steps")[: rng.choice([2, 3, 3, 3])]
    }
    generation = rng.choice([2, 3, 0, -1, 10**9, 10**30, 999_999, "2", None, 2.5, True])
    content: dict[str, Any] = {"generation": generation, "files": rng.choice([files] * 8 + [[], 7])}
    if rng.random() < 0.3:
        content["digest"] = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    targets = [place.root / "manifest.json"]
    if rng.random() < 0.5 and not (place.root / "tables").is_symlink():
        targets += place.root.glob("tables/*-manifest.json")
    for path in targets:
        _put(path, json.dumps(content))


def hostile_lease(rng: random.Random, place: Place) -> None:
    ending = rng.choice(["json", "json", "beat"])
    path = next(iter(_files(place.root / "leases", f"*.{ending}")), None)
    if path is None:
        return
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):  # another kind was here before
        return
    owner = content.get("owner")
    where = rng.choice([content, owner if isinstance(owner, dict) and owner else content])
    values = [
        names(rng, place),
        1e999,
        -1,
        2**70,
        ["a", 1, None],
        {},
        [[]],
        True,
        "\ud800",
        {"a": {}},
    ]
    where[rng.choice(list(where))] = rng.choice(values)
    name = rng.choice([path.name, "compaction.json", "-x.json", "a\nb.json", "x.y.json"])
    _put(path.parent / name, json.dumps(content))


def linked_file(rng: random.Random, place: Place) -> None:
    path = rng.choice(_files(place.root, "*"))
    out = place.outside
    targets = [out / "precious.parquet", out / "secret.txt", out / "manifest.json", out]
    same = out / "results" / path.relative_to(place.root)
    targets += [same, same, Path("/dev/zero"), Path("/dev/tty"), out / "nothing", path]
    path.unlink()
    path.symlink_to(rng.choice(targets))


def linked_folder(rng: random.Random, place: Place) -> None:
    name = rng.choice(["live", "tables", "sweeps", "leases", "checkpoints", "quarantine"])
    path = place.root / name
    shutil.rmtree(path, ignore_errors=True)
    out = place.outside
    path.symlink_to(rng.choice([out / "results" / name, out, out / "nothing", Path("/dev")]))


def no_file(rng: random.Random, place: Place) -> None:
    path = rng.choice(_files(place.root, "*"))
    path.unlink()
    kind = rng.randrange(4)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
        (path / "inner").write_text("x", encoding="utf-8")
    elif kind == 2:
        with socket.socket(socket.AF_UNIX) as made, suppress(OSError):  # too long a path
            made.bind(str(path))
    else:
        with path.open("wb") as file:
            file.truncate(rng.choice([10**6, 10**9, 10**12]))


def no_folder(rng: random.Random, place: Place) -> None:
    name = rng.choice(["live", "tables", "sweeps", "leases", "checkpoints", "quarantine"])
    path = place.root / name
    shutil.rmtree(path, ignore_errors=True)
    kind = rng.randrange(3)
    if kind == 0:
        path.write_text("a file", encoding="utf-8")
    elif kind == 1:
        os.mkfifo(path)


def hostile_file_names(rng: random.Random, place: Place) -> None:
    folder = place.root / rng.choice(["live", "sweeps", "tables", "leases", "checkpoints"])
    if not folder.is_dir() or folder.is_symlink():
        return
    files = _files(folder, "*")
    content = rng.choice(files).read_bytes() if files else b""
    ending = rng.choice([".parquet", ".json", ".ckpt", ".tmp", "-manifest.json", "-trials.parquet"])
    stems = [
        b"\xff\xfe",
        b"x" * 200,
        b"\x1b[2J",
        b"a\nb",
        b"-rf",
        b"..",
        b"*",
        b"999999",
        b"\xe2\x80\xae",
    ]
    path = os.fsencode(folder) + b"/" + rng.choice(stems) + ending.encode()
    with open(path, "wb") as file:  # noqa: PTH123  # a name in bytes
        file.write(content)
    os.utime(path, (rng.choice([0, 1e9, 4e9]),) * 2)


KINDS: dict[str, Callable[[random.Random, Place], None]] = {
    "hostile ids": hostile_ids,
    "hostile sweeps": hostile_sweeps,
    "hostile settings": hostile_settings,
    "hostile manifest": hostile_manifest,
    "hostile lease": hostile_lease,
    "hostile file names": hostile_file_names,
    "wrong schema": wrong_schema,
    "wrong values": wrong_values,
    "bombs": bombs,
    "damaged bytes": damaged_bytes,
    "damaged JSON": damaged_json,
    "linked file": linked_file,
    "linked folder": linked_folder,
    "no file": no_file,
    "no folder": no_folder,
}
