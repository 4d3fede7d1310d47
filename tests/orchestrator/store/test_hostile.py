"""Folders of strangers: what is wrong is named and left out, and nothing else is ever touched."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gensweep.orchestrator.store import inside
from gensweep.orchestrator.store.checkpoints import CheckpointFiles, delete_checkpoints
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.damage import set_aside
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard, Heartbeat, read_claims, read_heartbeat
from gensweep.orchestrator.store.manifest import next_generation, read_manifest
from gensweep.orchestrator.store.merging import merge
from gensweep.orchestrator.store.repair import repair
from gensweep.orchestrator.store.schemas import TABLES
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import CheckpointError

FOLDERS = ("live", "tables", "sweeps", "leases", "checkpoints", "quarantine")
WRITES: Sequence[Callable[[Store, Store], Any]] = (
    lambda mine, theirs: compact(theirs),
    lambda mine, theirs: merge(mine, theirs),
    lambda mine, theirs: merge(theirs, mine),
    lambda mine, theirs: repair(theirs),
    lambda mine, theirs: delete_checkpoints(theirs, {live_id()}),
)


def live_id(seed: int = 8) -> str:
    return ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed).trial_id


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture
def outside(template: Path, tmp_path: Path) -> Path:
    """Other results, with everything that a hostile folder may be after."""
    folder = shutil.copytree(template, tmp_path / "outside")
    for name in ("checkpoints", "quarantine"):
        (folder / name).mkdir()
    for name in ("precious.parquet", "checkpoints/precious.ckpt", "tables/precious.parquet"):
        shutil.copy(next((template / "live").iterdir()), folder / name)
    return folder


def change(path: Path, **columns: Any) -> None:
    """Give all rows of a Parquet file these values."""
    table = pq.read_table(path)
    for name, value in columns.items():
        number = table.column_names.index(name)
        column = pa.array([value] * len(table), table.schema.field(name).type)
        table = table.set_column(number, name, column)
    pq.write_table(table, path)


# 1. Names ---------------------------------------------------------------------------------------

ODD = ("../../outside/precious", "", ".", "..", "a b", "ABCDEF012345", "a" * 13, "x" * 100_000)


@pytest.mark.parametrize("name", [*ODD, None, "0123456789ab"])
def test_a_trial_whose_id_is_not_the_name_of_its_file_is_left_out_and_the_rest_answers(
    filled: Store, name: str | None
) -> None:
    path = Path(str(filled.live_file(live_id())))
    change(path, trial_id=name)
    seen = take_snapshot(filled)
    assert [d.path for d in seen.damaged] == [path]
    assert len(statuses(seen)) == 8
    assert len(str(seen.damaged[0])) < 600


@pytest.mark.parametrize("name", [*ODD, None, "another"])
def test_a_sweep_that_is_not_named_as_its_file_is_left_out(filled: Store, name: str | None) -> None:
    change(filled.sweeps / "sweep_1.parquet", sweep=name)
    seen = take_snapshot(filled)
    assert [d.path.name for d in seen.damaged] == ["sweep_1.parquet"]
    assert set(seen.sweeps["sweep"].to_pylist()) == {"sweep_6"}


@pytest.mark.parametrize("name", ["../outside/precious", "/etc/passwd", "", "a.b", "\x00", 7, None])
def test_a_store_makes_no_path_of_what_is_no_name(store: Store, name: Any) -> None:
    for path_of in (store.live_file, store.checkpoint_file, store.sweep_file):
        with pytest.raises(StoreError, match="is no name of a file among the results"):
            path_of(name)


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("where", ["live", "tables", "sweeps"])
def test_merging_deletes_and_writes_no_file_that_a_hostile_row_names(
    filled: Store, outside: Path, tmp_path: Path, where: str, absolute: bool
) -> None:
    precious = str(outside / "precious") if absolute else "../../outside/precious"
    before = tree(outside)
    for path in (filled.root / where).glob("*.parquet"):
        change(path, **{"sweep" if where == "sweeps" else "trial_id": precious})
    done = merge(Store.create(tmp_path / "mine"), filled)
    assert tree(outside) == before
    assert done.damaged
    assert set(os.listdir(tmp_path)) == {"filled", "mine", "outside"}  # noqa: PTH208


# 2. Links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_results_folder_with_a_link_for_a_folder_is_refused_in_one_line(
    filled: Store, outside: Path, folder: str
) -> None:
    shutil.rmtree(filled.root / folder, ignore_errors=True)
    (filled.root / folder).symlink_to(outside / folder)
    for enter in (Store.open, Store.create):
        with pytest.raises(StoreError, match=f"{folder}: is a link; only the results folder"):
            enter(filled.root)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_that_becomes_a_link_later_takes_no_change_outside(
    filled: Store, outside: Path, tmp_path: Path, folder: str
) -> None:
    mine, before = Store.create(tmp_path / "mine"), tree(outside)
    shutil.rmtree(filled.root / folder, ignore_errors=True)
    (filled.root / folder).symlink_to(outside / folder)
    for write in WRITES:
        try:
            write(mine, filled)
        except (StoreError, OSError):
            continue
    assert tree(outside) == before


def test_the_results_folder_itself_may_be_a_link(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(filled.root)
    store = Store.open(tmp_path / "link")
    assert len(statuses(take_snapshot(store))) == 9
    assert compact(store).trials == 1


@pytest.mark.parametrize("path", ["live/x.parquet", "manifest.json", "sweeps/sweep_1.parquet"])
def test_a_linked_file_is_damage_and_set_aside_as_the_link_that_it_is(
    filled: Store, outside: Path, path: str
) -> None:
    target, link = outside / "precious.parquet", filled.root / path
    if path.startswith("live"):
        link = filled.live / f"{live_id()}.parquet"
    link.unlink()
    link.symlink_to(target)
    (damage,) = take_snapshot(filled).damaged
    assert str(damage) == f"{link}: a link, not a file"
    before = tree(outside)
    compact(filled)
    repair(filled)
    assert tree(outside) == before
    assert (filled.quarantine / link.name).is_symlink()


def test_no_access_leaves_the_results_folder(store: Store, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    places = (tmp_path / "precious", store.live / "../../precious", store.live / "a" / "b")
    for path in (*places, store.live / "/etc/passwd"):
        for access in (inside.opened, inside.remove, inside.status):
            with pytest.raises(StoreError, match="is outside the results folder"):
                access(store.root, path)
        with pytest.raises(StoreError, match="is outside the results folder"):
            set_aside(store, path)
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_link_with_the_name_of_a_half_written_file_is_not_written_through(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("precious")
    with inside.replacing(store.root, store.live / "x", False, lambda: None) as file:
        file.write(b"first")
        (temporary,) = store.live.iterdir()
        temporary.unlink()
        temporary.symlink_to(tmp_path / "precious")
    store.live.joinpath("x").rename(store.live / temporary.name)
    with inside.replacing(store.root, store.live / "x", False, lambda: None) as file:
        file.write(b"second")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (store.live / "x").read_bytes() == b"second"


# 3. Manifests -----------------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "generation": 2,
    "files": {t: [f"00000{g}-{t}.parquet" for g in (1, 2)] for t in TABLES},
}


def with_files(**files: Any) -> dict[str, Any]:
    return GOOD | {"files": GOOD["files"] | files}


HOSTILE_MANIFESTS: dict[str, Any] = {
    "absolute": with_files(trials=["/etc/passwd", "000002-trials.parquet"]),
    "elsewhere": with_files(steps=["../../outside/precious.parquet", "000002-steps.parquet"]),
    "lists of unequal length": with_files(epochs=["000001-epochs.parquet"]),
    "lists in another order": with_files(steps=GOOD["files"]["steps"][::-1]),
    "a part twice": {"generation": 2, "files": {t: [f"000001-{t}.parquet"] * 2 for t in TABLES}},
    "no list": with_files(trials="000001-trials.parquet"),
    "no names": with_files(trials=[1, None]),
    "long name": with_files(trials=["x" * 100_000] * 2),
    "a huge generation": GOOD | {"generation": 10**9},
    "no generation": GOOD | {"generation": None},
    "a generation without end": GOOD | {"generation": float("inf")},
}


@pytest.mark.parametrize("kind", HOSTILE_MANIFESTS)
def test_the_copy_of_a_hostile_manifest_is_used(filled: Store, outside: Path, kind: str) -> None:
    before, kept = tree(outside), tree(filled.tables)
    filled.manifest.write_text(json.dumps(HOSTILE_MANIFESTS[kind]))
    seen = take_snapshot(filled)
    assert [d.path for d in seen.damaged] == [filled.manifest]
    assert len(str(seen.damaged[0])) < 600
    assert len(statuses(seen)) == 9
    compact(filled)
    assert tree(outside) == before
    assert {*kept.values()} <= {*tree(filled.root).values()}  # nothing is deleted


DEEP = [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900]
NO_JSON = [*DEEP, b"", b"\xff", b'{"generation": 1e999}', b"9" * 10_000, b"NaN", b'"\\ud800"']


@pytest.mark.parametrize("content", NO_JSON, ids=range(len(NO_JSON)))
def test_whatever_a_json_file_holds_the_rest_answers(filled: Store, content: bytes) -> None:
    (filled.leases / "0123456789ab.json").write_bytes(content)
    (filled.leases / "0123456789ab.beat").write_bytes(content)
    filled.manifest.write_bytes(content)
    seen = take_snapshot(filled)
    assert {d.path.name for d in seen.damaged} == {"manifest.json", "0123456789ab.json"}
    assert len(statuses(seen)) == 9
    assert read_heartbeat(filled, "0123456789ab") == Heartbeat()
    assert len(repair(filled)) == 2
    assert list(take_snapshot(filled).damaged) == []
    filled.marker.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read"):
        Store.open(filled.root)


def test_a_manifest_of_a_gigabyte_is_not_read(filled: Store) -> None:
    with filled.manifest.open("wb") as file:
        file.truncate(1 << 40)
    began = time.monotonic()
    (damage,) = take_snapshot(filled).damaged
    assert "bytes, more than" in str(damage)
    assert time.monotonic() - began < 5


def test_a_file_with_a_huge_number_does_not_use_up_the_numbers(filled: Store) -> None:
    for name in ("999999-trials.parquet", "99999999999-trials.parquet", "999999-manifest.json"):
        (filled.tables / name).write_text("{}")
    assert next_generation(filled, read_manifest(filled)[0]) == 3


# 4. One bad file --------------------------------------------------------------------------------


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _terabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


PLACES = ("live/{id}.parquet", "sweeps/sweep_1.parquet", "manifest.json", "leases/0123.json")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("make", [_pipe, _zero, _terabyte, Path.mkdir])
def test_what_is_no_file_is_damage_at_once(
    filled: Store, place: str, make: Callable[[Path], None]
) -> None:
    path = filled.root / place.format(id=live_id())
    path.unlink(missing_ok=True)
    make(path)
    began = time.monotonic()
    seen = take_snapshot(filled)
    assert [d.path for d in seen.damaged] == [path]
    assert len(statuses(seen)) >= 8
    assert [d.path for d in repair(filled)] == [path]
    assert not os.path.lexists(path) or path == filled.manifest
    assert list(take_snapshot(filled, verify=True).damaged) == []
    assert time.monotonic() - began < 5


def test_a_checkpoint_that_is_no_file_is_set_aside(filled: Store) -> None:
    kept = CheckpointFiles(filled, Guard(filled, "x"))
    filled.checkpoints.mkdir(exist_ok=True)
    os.mkfifo(filled.checkpoint_file(live_id()))
    with pytest.raises(CheckpointError, match="a pipe, not a file"):
        kept.load(live_id())
    assert kept.set_aside(live_id())
    assert kept.load(live_id()) is None


def test_a_checkpoint_that_no_memory_could_hold_is_set_aside_unread(filled: Store) -> None:
    kept = CheckpointFiles(filled, Guard(filled, "x"))
    filled.checkpoints.mkdir(exist_ok=True)
    filled.checkpoint_file(live_id()).touch()
    os.truncate(filled.checkpoint_file(live_id()), 1 << 40)
    with pytest.raises(CheckpointError, match="1,099,511,627,776 bytes, more than"):
        kept.load(live_id())
    assert kept.set_aside(live_id())


CLAIM: dict[str, Any] = {
    "purpose": "launch",
    "owner": {"host": "b-host", "pid": 1, "machine": "m", "start": "1"},
    "since": "then",
    "names": ["a"],
}
HOSTILE_CLAIMS: Sequence[dict[str, Any]] = (
    {"names": ["a", 1, None]},
    {"names": ["../../outside"]},
    {"names": ["\ud800"]},
    {"purpose": "\x1b[2Jlaunch"},
    {"purpose": "x" * 100_000},
    {"since": None},
    {"owner": CLAIM["owner"] | {"pid": 1e999}},
    {"owner": CLAIM["owner"] | {"pid": 2**70}},
    {"owner": CLAIM["owner"] | {"host": "‮"}},
)


@pytest.mark.parametrize("change_", HOSTILE_CLAIMS, ids=range(len(HOSTILE_CLAIMS)))
def test_a_lease_that_nobody_writes_is_named_and_claims_nothing(
    store: Store, change_: dict[str, Any]
) -> None:
    path = store.leases / "0123456789ab.json"
    path.write_text(json.dumps(CLAIM | {"added": "by a newer gensweep"}))
    assert len(read_claims(store)[0]) == 1
    path.write_text(json.dumps(CLAIM | change_))
    claims, damaged = read_claims(store)
    assert (claims, [d.path for d in damaged]) == ([], [path])
    assert len(str(damaged[0])) < 600
    assert [d.path for d in repair(store)] == [path]


@pytest.mark.parametrize("name", [b"\xff\xfe.parquet", b"x" * 200 + b".parquet", b"a\nb.parquet"])
@pytest.mark.parametrize("folder", ["live", "sweeps"])
def test_a_file_with_a_name_that_nobody_gives_is_named_in_one_line(
    filled: Store, folder: str, name: bytes
) -> None:
    path = Path(os.fsdecode(os.fsencode(filled.root / folder) + b"/" + name))
    shutil.copy(filled.live_file(live_id()), path)
    (damage,) = take_snapshot(filled).damaged
    str(damage).encode()
    assert "\n" not in str(damage)
    assert len(repair(filled)) == 1
    assert list(take_snapshot(filled).damaged) == []


# Everything at once -----------------------------------------------------------------------------

NAMES = st.one_of(
    st.sampled_from(["../../outside/precious", "../outside/live/x", "/", "..", "", "~", "a/b"]),
    st.text(max_size=300),
    st.none(),
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_command_that_writes_changes_a_byte_outside(
    template: Path, outside: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """Whatever names, links and damage a folder has."""
    before = tree(outside)
    for name in ("mine", "theirs"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    shutil.copytree(template, tmp_path / "theirs")
    mine, theirs = Store.create(tmp_path / "mine"), Store(tmp_path / "theirs")
    files = st.sampled_from(sorted(p for p in theirs.root.rglob("*") if p.is_file()))
    for path in data.draw(st.lists(files, min_size=1, max_size=4, unique=True)):
        kind = data.draw(st.sampled_from(["name", "link", "absolute link", "bytes", "folder"]))
        if kind == "name" and path.suffix == ".parquet":
            name = data.draw(NAMES)
            names = {"trial_id": name if name is None else name.replace("/", "/")}
            if "sweep" in pq.read_schema(path).names:
                names["sweep"] = names["trial_id"]
            change(
                path, **{k: v and v.encode("utf-8", "replace").decode() for k, v in names.items()}
            )
        elif kind.endswith("link"):
            path.unlink()
            target = outside / path.relative_to(theirs.root)
            path.symlink_to(
                target if kind == "absolute link" else os.path.relpath(target, path.parent)
            )
        elif kind == "folder" and path.parent != theirs.root and not path.parent.is_symlink():
            shutil.rmtree(path.parent)
            path.parent.symlink_to(outside / path.parent.name)
            break
        else:
            path.write_bytes(data.draw(st.binary(max_size=200)))
    for write in data.draw(st.permutations(WRITES)):
        try:
            write(mine, theirs)
        except (StoreError, OSError):
            continue
    assert tree(outside) == before
