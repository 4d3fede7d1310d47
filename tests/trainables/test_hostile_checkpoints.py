"""A checkpoint that another program wrote is continued, or refused before anything uses it."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from gensweep.trainables.classifier.checkpoint import deserialize
from gensweep.trainables.classifier.engines.eager import EagerEngine
from gensweep.trainables.classifier.engines.lane import StepOptions
from gensweep.trainables.classifier.run import run
from gensweep.trainables.classifier.training import CheckpointPolicy, fit
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.records import Checkpoint, Ended, Record

HEADER = 44
Payload = dict[str, Any]
Make = Callable[..., ClassifierTrial]


def sealed(payload: bytes) -> bytes:
    return b"gensweep" + struct.pack("<I", 1) + hashlib.sha256(payload).digest() + payload


def written(payload: Any) -> bytes:
    file = io.BytesIO()
    torch.save(payload, file)
    return sealed(file.getvalue())


@pytest.fixture(scope="module")
def trial(tiny: Make) -> ClassifierTrial:
    return tiny()


@pytest.fixture(scope="module")
def genuine(trial: ClassifierTrial, data_dir: Path) -> bytes:
    """Of a trial that was stopped in its second epoch."""
    stops = iter([False] * 13)
    context = Context(data_dir, device="cpu", should_stop=lambda: next(stops, True))
    records = [record for _, record in run([trial], context)]
    (checkpoint,) = (record for record in records if isinstance(record, Checkpoint))
    assert checkpoint.epoch == 2
    assert 6 < checkpoint.step < 12
    return checkpoint.content


@pytest.fixture
def payload(genuine: bytes) -> Payload:
    read: Payload = torch.load(io.BytesIO(genuine[HEADER:]), weights_only=True)
    return read


def continued(content: bytes, trial: ClassifierTrial, data_dir: Path) -> list[Record]:
    """The records of the trial's first step after the checkpoint."""
    engine = EagerEngine([trial], data_dir, torch.device("cpu"))
    policy = CheckpointPolicy(lambda trial: deserialize(content, trial))
    return [record for _, record in fit([trial], engine, lambda: True, policy)]


def refused(content: bytes, trial: ClassifierTrial, data_dir: Path) -> str:
    records = run([trial], Context(data_dir, device="cpu", saved=lambda trial_id: content))
    with pytest.raises(CheckpointError) as caught:
        next(records)
    assert caught.value.where == f"checkpoint of trial {trial.trial_id}"
    return caught.value.what


def test_a_genuine_checkpoint_is_continued_and_read_as_torch_reads_it(
    genuine: bytes, payload: Payload, trial: ClassifierTrial, data_dir: Path
) -> None:
    engine = deserialize(genuine, trial).engine
    for name, tensor in payload["engine"]["model"].items():
        assert torch.equal(engine["model"][name], tensor)
    ended = continued(genuine, trial, data_dir)[-1]
    assert ended == Ended("interrupted", "stopped in epoch 2")


def change(payload: Payload, path: str, value: Any) -> bytes:
    *way, last = path.split("/")
    place: Any = payload
    for key in way:
        place = place[int(key) if key.isdigit() else key]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return written(payload)


RECORD = {"step": 2, "train_loss": 0.5}
WRONG: list[tuple[str, Any]] = [
    *(("seconds", value) for value in ("1", None, float("nan"), float("inf"), True, 2**70)),
    *(("epochs", value) for value in (-1, 3, 1.0, "1", 2**70, True, 0)),
    *(("steps", value) for value in (-1, 2**63, 0.5, None)),
    *(("trial_id", value) for value in (None, 7, [])),
    *(("config", value) for value in (None, [], {}, {"model": "alexnet"})),
    *(("records", value) for value in (None, [], "{}", "[" * 100_000, "[1]", "[" + "9" * 9999)),
    *(("records", json.dumps([{**RECORD, "step": value}])) for value in (-1, 2**53, "2", 1.5)),
    *(("records", json.dumps([{**RECORD, "train_loss": value}])) for value in ("0", None, [], 1)),
    ("records", json.dumps([RECORD, {**RECORD, "step": 1}])),
    ("records", json.dumps([{**RECORD, "more": 1}])),
    *(("engine", value) for value in (None, [], {}, "engine")),
    *(("engine/device", value) for value in (None, 7, "tpu", [])),
    *(("engine/epoch", value) for value in (-1, 3, 2**70, 1.0, True, None)),
    *(("engine/steps", value) for value in (-1, 7, 10**9, 1.0)),
    *(("engine/window_steps", value) for value in (-1, 7, 10**9, None)),
    *(("engine/window_loss", value) for value in (0.5, torch.zeros(1), torch.zeros(()).double())),
    *(("engine/augmentation", v) for v in (torch.zeros(3).byte(), torch.zeros(5056).byte(), None)),
    *(("engine/dropout", value) for value in ([], torch.ones(5056).byte(), torch.ones(5056))),
    *(("engine/model", value) for value in ({}, [], None, {"weight": torch.zeros(3)})),
    *(("engine/momentum", value) for value in ([], None, {9: {}}, {0: {}}, {"0": {}})),
    *((name, KeyError) for name in ("seconds", "engine", "config", "engine/model", "engine/steps")),
    ("more", 1),
    ("engine/more", 1),
    ("engine/model/more", torch.zeros(3)),
]


@pytest.mark.parametrize(("path", "value"), WRONG, ids=lambda part: str(part)[:20])
def test_a_part_of_another_type_shape_or_size_is_refused(
    path: str, value: Any, payload: Payload, trial: ClassifierTrial, data_dir: Path
) -> None:
    refused(change(payload, path, value), trial, data_dir)


@pytest.mark.parametrize("learning", [7, torch.zeros(3), {"first": 0}], ids=range(3))
def test_a_wrong_order_of_learning_is_refused_where_examples_are_followed(
    learning: Any, payload: Payload, trial: ClassifierTrial, data_dir: Path
) -> None:
    engine = EagerEngine([trial], data_dir, torch.device("cpu"), StepOptions(follow_examples=True))
    with pytest.raises(CheckpointError):
        engine.restore(0, {**payload["engine"], "learning": learning})


@pytest.mark.parametrize("change", ["double", "flat", "bare", "expanded", "text"])
def test_a_weight_or_buffer_of_another_kind_is_refused(
    change: str, payload: Payload, trial: ClassifierTrial, data_dir: Path
) -> None:
    changes: Mapping[str, Callable[[torch.Tensor], Any]] = {
        "double": lambda tensor: tensor.double(),
        "flat": lambda tensor: tensor.reshape(-1),
        "bare": lambda tensor: tensor.tolist(),
        "expanded": lambda tensor: torch.zeros(1).expand(tensor.shape),
        "text": lambda tensor: "zeros",
    }
    weight, *_ = payload["engine"]["model"]
    engine = payload["engine"]
    for part in ({**engine["model"]}, {**engine["momentum"][0]}):
        name = weight if weight in part else "momentum_buffer"
        part[name] = changes[change](part[name])
        new = {"model": part} if name == weight else {"momentum": {**engine["momentum"], 0: part}}
        refused(written({**payload, "engine": {**engine, **new}}), trial, data_dir)


def repacked(content: bytes, change: Callable[[str, bytes], bytes], **how: Any) -> bytes:
    """The checkpoint with its archive's members changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content[HEADER:])) as old, zipfile.ZipFile(file, "w") as new:
        for member in old.namelist():
            new.writestr(member, change(member, old.read(member)), **how)
    return sealed(file.getvalue())


def test_a_tensor_that_is_longer_than_its_bytes_is_refused(
    genuine: bytes, trial: ClassifierTrial
) -> None:
    cut = repacked(genuine, lambda name, old: old[: len(old) // 2] if "/data/" in name else old)
    with pytest.raises(CheckpointError):
        deserialize(cut, trial)


def test_a_compressed_archive_is_refused(genuine: bytes, trial: ClassifierTrial) -> None:
    packed = repacked(genuine, lambda name, old: old, compress_type=zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError):
        deserialize(packed, trial)
    assert deserialize(repacked(genuine, lambda name, old: old), trial).steps == 6


@pytest.mark.parametrize(
    "code",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"ctorch\nload\n(S'/etc/passwd'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"ctorch._utils\n_rebuild_parameter\n(NNNtR.",
        b"N\x72\xff\xff\xff\xff.",  # LONG_BINPUT, for which Python would reserve 64 GB
        b"Np9999999999\n.",
        b"ccollections\nOrderedDict\n}S'update'\nNsb.",
        b"(lp0\n" + b"(lp1\nh\x00a" * 50_000 + b".",
        pickle.dumps({"records": "[]"}),
    ],
    ids=range(9),
)
def test_a_pickle_that_wants_more_than_plain_values_is_refused(
    code: bytes, genuine: bytes, trial: ClassifierTrial
) -> None:
    hostile = repacked(genuine, lambda name, old: code if name.endswith("data.pkl") else old)
    with pytest.raises(CheckpointError):
        deserialize(hostile, trial)


HOSTILE: list[Any] = [
    *(None, "", "x", -1, 0, 1, 2**63, 2**70, 0.0, -1.0, float("nan"), float("inf"), True, b"x"),
    *([], {}, [[[]]], {"a": {}}, {0: 0}, torch.zeros(()), torch.zeros(3), torch.zeros(3).long()),
    torch.zeros(1).expand(512),
]


def mutated(payload: Payload, draw: random.Random) -> bytes:
    """With one value of the payload replaced, dropped, or added."""
    place: Any = payload
    while True:
        key = draw.choice(list(place))
        if not isinstance(place[key], dict) or not place[key] or draw.random() < 0.2:
            break
        place = place[key]
    match draw.randrange(6):
        case 0:
            del place[key]
        case 1:
            place[draw.choice([*HOSTILE[:5], "more"])] = place[key]
        case _:
            place[key] = draw.choice(HOSTILE)
    return written(payload)


def flipped(content: bytes, draw: random.Random) -> bytes:
    """With one byte of the pickle or of the archive's directory changed, and the right digest."""
    payload = bytearray(content[HEADER:])
    end = draw.choice([1200, 2000])
    place = draw.randrange(end) if draw.random() < 0.7 else len(payload) - 1 - draw.randrange(end)
    payload[place] = draw.randrange(256)
    return sealed(bytes(payload))


def test_every_mutated_checkpoint_is_refused_or_continued(
    genuine: bytes, trial: ClassifierTrial, data_dir: Path
) -> None:
    draw = random.Random(0)
    refusals = 0
    for number in range(400):
        if number % 2:
            content = flipped(genuine, draw)
        else:
            content = mutated(torch.load(io.BytesIO(genuine[HEADER:]), weights_only=True), draw)
        try:
            records = continued(content, trial, data_dir)
        except CheckpointError:
            refusals += 1
        else:
            assert isinstance(records[-1], Ended), number
    assert 200 < refusals < 400
