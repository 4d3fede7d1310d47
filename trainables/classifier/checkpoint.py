"""A trial's saved state as self-contained bytes that reveal any damage.

A magic word, the format number and a digest of the payload come first. The payload is `torch.save`
of plain containers, numbers, strings and tensors: reading it never runs code.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.records import Epoch, Steps

MAGIC = b"gensweep"
FORMAT = 1  # of the payload, including the engine's state
_HEADER = struct.Struct("<8sI32s")
_TODO = "the trial has to start over"


@dataclass(frozen=True)
class Saved:
    """Everything needed to continue a trial.

    config:        of the trial, so that the file says what it is.
    seconds:       of the whole trial so far.
    epoch_seconds: training in the epoch that has not ended.
    records:       all reported so far, in order.
    engine:        the engine's state of the trial's lane.
    epochs, steps: ended epochs, and the optimizer updates in them. `epochs` is None in older
                   checkpoints, in which every ended epoch has a record.
    """

    trial_id: str
    config: Mapping[str, Any]
    seconds: float
    epoch_seconds: float
    records: Sequence[Steps | Epoch]
    engine: Mapping[str, Any]
    epochs: int | None = None
    steps: int = 0


def serialize(saved: Saved) -> bytes:
    """The saved state as bytes, with the current values of its tensors, on any device."""
    payload = {field.name: getattr(saved, field.name) for field in fields(saved)}
    # As text: a trial may have reported every step, and text is read far faster than a pickle.
    payload["records"] = json.dumps([vars(record) for record in saved.records])
    file = io.BytesIO()
    file.write(bytes(_HEADER.size))
    torch.save(_plain(payload), file)
    with file.getbuffer() as content:
        _HEADER.pack_into(content, 0, MAGIC, FORMAT, _digest(content))
    return file.getvalue()


def deserialize(content: bytes, trial: ClassifierTrial) -> Saved:
    """The saved state of this trial, its tensors on the CPU.

    Raises CheckpointError if the content is damaged, of another format or of another trial.
    """
    where = f"checkpoint of trial {trial.trial_id}"
    if len(content) < _HEADER.size or not content.startswith(MAGIC):
        raise CheckpointError(where, "this is no checkpoint, or only the start of one", todo=_TODO)
    _, found, digest = _HEADER.unpack_from(content)
    if found != FORMAT:
        raise CheckpointError(
            where, f"it is of format {found}", f"this version reads format {FORMAT}", _TODO
        )
    with memoryview(content) as view:
        if _digest(view) != digest:
            raise CheckpointError(where, "it is damaged: its digest does not match", todo=_TODO)
    saved = _load(content, where)
    if saved.trial_id != trial.trial_id:
        raise CheckpointError(where, f"it belongs to trial {saved.trial_id}", todo=_TODO)
    return saved


def _load(content: bytes, where: str) -> Saved:
    file = io.BytesIO(content)  # shares the memory of `content`
    file.seek(_HEADER.size)
    try:
        payload = torch.load(file, map_location="cpu", weights_only=True)
        rows = json.loads(payload.pop("records"))
        records = [Epoch(**row) if "epoch" in row else Steps(**row) for row in rows]
        return Saved(**payload, records=records)
    except Exception as error:  # the digest matches, so another program wrote this
        what = f"it holds something else: {type(error).__name__}"
        raise CheckpointError(where, what, todo=_TODO) from error


def _digest(content: memoryview) -> bytes:
    return hashlib.sha256(content[_HEADER.size :]).digest()


def _plain(value: Any) -> Any:
    """A copy with dicts and lists as the only containers, and no tensor that is a view of a larger
    one.
    """
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes:
        return value.clone()
    return value
