"""A checkpoint is whole or not there, and only who holds the lease writes one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gensweep.orchestrator.store.checkpoints import CheckpointFiles, delete_checkpoints
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.errors import LeaseLostError, StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.leases import Guard, revoke

A, B, C, D = (12 * letter for letter in "abcd")


@pytest.fixture
def kept(store: Store) -> Iterator[CheckpointFiles]:
    with claim_trials(store, "launch", [A]) as lease:
        yield CheckpointFiles(store, Guard(store, lease.id))


def test_what_was_saved_last_is_loaded_and_before_that_nothing(kept: CheckpointFiles) -> None:
    assert kept.load(A) is None
    for content in (b"first", b"\x00" * 100_000, b""):
        kept.save(A, content)
        assert kept.load(A) == content
    assert kept.load(B) is None
    assert [path.name for path in kept.store.checkpoints.iterdir()] == [f"{A}.ckpt"]


def test_a_checkpoint_is_deleted_once_and_for_all(kept: CheckpointFiles) -> None:
    kept.delete(A)
    kept.save(A, b"content")
    kept.delete(A)
    kept.delete(A)
    assert kept.load(A) is None


def test_a_damaged_one_is_kept_where_nobody_loads_it(kept: CheckpointFiles) -> None:
    for content in (b"first", b"second"):
        kept.save(A, content)
        moved = kept.set_aside(A)
        assert moved is not None
        assert moved.read_bytes() == content
        assert moved.parent == kept.store.quarantine
        assert kept.load(A) is None
    assert kept.set_aside(A) is None


def test_who_has_lost_the_lease_leaves_the_new_owners_checkpoint_as_it_is(
    kept: CheckpointFiles,
) -> None:
    kept.save(A, b"of the new owner")
    for lease in list(kept.store.leases.glob("*.json")):
        revoke(kept.store, lease.stem)
    with pytest.raises(LeaseLostError):
        kept.save(A, b"of the old owner")
    assert kept.load(A) == b"of the new owner"
    assert [path.name for path in kept.store.checkpoints.iterdir()] == [f"{A}.ckpt"]


def test_one_that_cannot_be_written_is_a_store_error(kept: CheckpointFiles) -> None:
    kept.store.checkpoints.write_text("a file in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        kept.save(A, b"content")


def test_those_of_trials_that_are_over_are_deleted_and_no_others(kept: CheckpointFiles) -> None:
    delete_checkpoints(kept.store, {A})  # where there are none
    for trial in (A, B, C):
        kept.save(trial, b"content")
    (kept.store.checkpoints / "a.txt").write_text("of somebody else")
    delete_checkpoints(kept.store, {A, C, D})
    assert {path.name for path in kept.store.checkpoints.iterdir()} == {f"{B}.ckpt", "a.txt"}
