"""A trial's saved state as bytes that stand alone, and that show any damage.

A magic word, the number of the format and a digest of the payload come first. The payload is
what `torch.save` makes of plain containers, numbers, strings and tensors: reading it runs no
code, whoever wrote it.
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
FORMAT = 1  # of the payload, which includes what an engine calls its state
_HEADER = struct.Struct("<8sI32s")
_TODO = "the trial has to start over"


@dataclass(frozen=True)
class Saved:
    """What continues a trial.

    config:        of the trial, so that the file says what it is.
    seconds:       all that the trial has taken so far.
    epoch_seconds: training in the epoch that has not ended.
    records:       all that were reported so far, in their order.
    engine:        the engine's state of the trial's lane.
    epochs, steps: those that have ended, and the optimizer updates in them. `epochs` is None in
                   older checkpoints, where every epoch that has ended has a record.
    """

    trial_id: str
    config: Mapping[str, Any]
    seconds: float
    epoch_seconds: float
    records: Sequence[Steps | Epoch]
    engine: Mapping[str, Any]
    epochs: int | None = None
    steps: int = 0


def pack(saved: Saved) -> bytes:
    """The saved state, its tensors as they are now, wherever they are."""
    payload = {field.name: getattr(saved, field.name) for field in fields(saved)}
    # As text: a trial may have reported every step, and text is read far faster than a pickle.
    payload["records"] = json.dumps([vars(record) for record in saved.records])
    file = io.BytesIO()
    file.write(bytes(_HEADER.size))
    torch.save(_plain(payload), file)
    with file.getbuffer() as content:
        _HEADER.pack_into(content, 0, MAGIC, FORMAT, _digest(content))
    return file.getvalue()


def unpack(content: bytes, trial: ClassifierTrial) -> Saved:
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
    except Exception as error:  # the digest is right, so something else has written this
        what = f"it holds something else: {type(error).__name__}"
        raise CheckpointError(where, what, todo=_TODO) from error


def _digest(content: memoryview) -> bytes:
    return hashlib.sha256(content[_HEADER.size :]).digest()


def _plain(value: Any) -> Any:
    """With dicts and lists as the only containers, and no tensor that brings a larger one along."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Tensor) and value.untyped_storage().nbytes() > value.nbytes:
        return value.clone()
    return value
