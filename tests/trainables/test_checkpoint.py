"""A saved state comes back whole, or not at all."""

from __future__ import annotations

import hashlib
import io
import math
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.checkpoint import FORMAT, MAGIC, Saved, deserialize, serialize
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.records import Epoch, Steps

TRIAL = ClassifierTrial(model="alexnet", randomization="partial_labels", corruption=0.1, seed=7)
HEADER = len(MAGIC) + 4 + 32


def saved(**changes: Any) -> Saved:
    parts: dict[str, Any] = {
        "trial_id": TRIAL.trial_id,
        "config": TRIAL.config(),
        "seconds": 12.5,
        "epoch_seconds": 0.1,
        "records": [],
        "engine": {"steps": 3, "weights": torch.arange(6.0).view(2, 3)},
    }
    return Saved(**{**parts, **changes})


def sealed(payload: bytes) -> bytes:
    """A file whose digest is right, put together from the description of the format."""
    digest = hashlib.sha256(payload).digest()
    return b"gensweep" + struct.pack("<I", 1) + digest + payload


def torch_saved(payload: Any) -> bytes:
    file = io.BytesIO()
    torch.save(payload, file)
    return file.getvalue()


def pickled(payload: Any) -> bytes:
    return pickle.dumps(payload, protocol=2)


NUMBERS = st.floats(allow_nan=False)
RECORDS = st.one_of(
    st.builds(Steps, st.integers(1, 10**9), NUMBERS),
    st.builds(
        Epoch,
        epoch=st.integers(1, 10**6),
        step=st.integers(1, 10**9),
        **dict.fromkeys(["lr", "train_loss", "train_error", "test_loss", "test_error"], NUMBERS),
        **dict.fromkeys(
            [
                "corrupted_train_error",
                "clean_train_error",
                "memorized_fraction",
                "recovered_fraction",
            ],
            st.none() | NUMBERS,
        ),
        seconds=NUMBERS,
    ),
)


def in_order(records: list[Steps | Epoch]) -> list[Steps | Epoch]:
    """With steps that do not fall and epochs that rise, as a trial reports them."""
    steps, epochs = sorted(record.step for record in records), count(1)
    return [
        replace(record, step=step, epoch=next(epochs))
        if isinstance(record, Epoch)
        else replace(record, step=step)
        for record, step in zip(records, steps, strict=True)
    ]


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(records=st.lists(RECORDS, max_size=8).map(in_order), seconds=FINITE, epoch_seconds=FINITE)
def test_what_was_reported_comes_back_to_the_last_bit(
    records: list[Steps | Epoch], seconds: float, epoch_seconds: float
) -> None:
    before = saved(records=records, seconds=seconds, epoch_seconds=epoch_seconds)
    after = deserialize(serialize(before), TRIAL)
    assert repr(after.records) == repr(records)  # which tells 0.0 from -0.0, and 1 from 1.0
    assert repr((after.seconds, after.epoch_seconds)) == repr((seconds, epoch_seconds))
    assert (after.trial_id, after.config) == (TRIAL.trial_id, TRIAL.config())


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(2, 3, 4, 5),
        torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        torch.randn(6, 4, 3, 3).to(memory_format=torch.channels_last)[2],
        torch.randn(5, 4).t(),
        torch.tensor(math.pi),
        torch.tensor([math.nan, math.inf, -0.0]),
        torch.tensor([1, 2**40]),
        torch.randn(3).bfloat16(),
        torch.Generator().manual_seed(3).get_state(),
        torch.empty(0),
    ],
    ids=lambda tensor: f"{tensor.dtype}{tuple(tensor.stride())}",
)
def test_a_tensor_comes_back_with_its_bits_its_type_and_its_strides(tensor: torch.Tensor) -> None:
    engine = {"deep": OrderedDict(list=[{3: tensor}], none=None), "pair": (1, "two")}
    after = deserialize(serialize(saved(engine=engine)), TRIAL).engine
    found = after["deep"]["list"][0][3]
    assert (found.dtype, found.shape, found.stride()) == (
        tensor.dtype,
        tensor.shape,
        tensor.stride(),
    )
    assert torch.equal(found.reshape(-1).view(torch.uint8), tensor.reshape(-1).view(torch.uint8))
    assert (after["deep"]["none"], after["pair"]) == (None, [1, "two"])


def test_what_is_packed_does_not_change_with_training() -> None:
    weights = torch.zeros(4)
    content = serialize(saved(engine={"weights": weights}))
    weights += 1.0
    assert not deserialize(content, TRIAL).engine["weights"].any()


def test_a_part_of_a_large_tensor_does_not_bring_all_of_it_along() -> None:
    large = torch.zeros(100, 1000)
    assert len(serialize(saved(engine={"weights": large[3]}))) < 3 * large[3].nbytes


def test_a_model_is_saved_at_about_the_size_of_its_weights_and_momentum(
    tiny: Callable[..., ClassifierTrial], engine: Callable[..., Any]
) -> None:
    running = engine(tiny(model="alexnet"))
    list(running.train_epoch({0: 1}, lambda: True))
    content = serialize(saved(engine=running.state(0)))
    assert 8 * running.parameters < len(content) < 8 * running.parameters + 50_000


def refused(content: bytes, trial: ClassifierTrial = TRIAL) -> str:
    with pytest.raises(CheckpointError) as error:
        deserialize(content, trial)
    assert error.value.where == f"checkpoint of trial {trial.trial_id}"
    assert error.value.todo
    return error.value.what


WHOLE = serialize(saved(records=[Steps(100, 0.5)]))


@given(length=st.integers(0, len(WHOLE) - 1))
def test_the_start_of_a_checkpoint_is_refused(length: int) -> None:
    refused(WHOLE[:length])


@given(bit=st.integers(0, 8 * len(WHOLE) - 1))
def test_a_checkpoint_with_a_flipped_bit_is_refused(bit: int) -> None:
    content = bytearray(WHOLE)
    content[bit // 8] ^= 1 << bit % 8
    refused(bytes(content))


@given(content=st.binary(max_size=200))
def test_anything_else_is_refused(content: bytes) -> None:
    for start in (b"", MAGIC, MAGIC + struct.pack("<I", FORMAT)):
        refused(start + content)


def test_a_checkpoint_with_bytes_behind_it_is_refused() -> None:
    assert "damaged" in refused(WHOLE + b"\0")


def test_the_format_is_what_its_description_says() -> None:
    assert sealed(WHOLE[HEADER:]) == WHOLE


def test_another_format_is_refused_by_its_number() -> None:
    content = bytearray(WHOLE)
    struct.pack_into("<I", content, len(MAGIC), FORMAT + 1)
    assert refused(bytes(content)) == f"it is of format {FORMAT + 1}"


def test_a_checkpoint_of_another_trial_is_refused_by_its_name() -> None:
    other = ClassifierTrial(model="alexnet")
    assert refused(WHOLE, other) == f"it belongs to trial {TRIAL.trial_id}"


@pytest.mark.parametrize(
    "payload",
    [{}, [], None, {"records": "[]"}, {"records": [1]}, {**vars(saved()), "records": "[{}]"}],
    ids=lambda payload: type(payload).__name__,
)
def test_something_else_in_a_whole_file_is_refused(payload: Any) -> None:
    assert "something else" in refused(sealed(torch_saved(payload)))
    assert "something else" in refused(sealed(pickled(payload)))


class Attack:
    """Makes a file when it is unpickled."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.victim,)


@pytest.mark.parametrize("written", [torch_saved, pickled])
def test_a_file_that_wants_to_run_code_is_refused_and_does_not(
    written: Callable[[Any], bytes], tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    payload = {**vars(saved()), "records": "[]", "engine": Attack(victim)}
    assert "something else" in refused(sealed(written(payload)))
    assert not victim.exists()
    pickle.loads(pickled(payload))
    assert victim.exists()  # so the file was dangerous
