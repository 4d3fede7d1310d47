"""Reads what `torch.save` wrote, trusting none of it.

`torch.load(weights_only=True)` runs no code, but builds whatever tensors a file describes: sparse
ones, on other devices, with values that overlap, or unpacked from a few bytes to gigabytes.
"""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from collections import OrderedDict
from math import prod
from typing import Any

import torch
from torch import Tensor

from gensweep.trainables.unpickling import unpickle

_DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def load(content: bytes, start: int) -> Any:
    """What was saved in the content from `start` on, its tensors on the CPU.

    Plain containers, numbers, strings, and tensors that fill their storage. Raises any Exception
    for anything else.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if any(m.compress_type != zipfile.ZIP_STORED or m.header_offset < start for m in members):
            raise zipfile.BadZipFile("it is compressed")
        if sum(member.file_size for member in members) > len(content):
            raise zipfile.BadZipFile("its members overlap")
        return _Reader(archive).read()


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._root = archive.namelist()[0].partition("/")[0]
        self._storages: dict[str, Tensor] = {}

    def read(self) -> Any:
        if self._member("byteorder") != sys.byteorder.encode():
            raise pickle.UnpicklingError("it has another order of bytes")
        dtypes = {("torch", name): dtype for name, dtype in _DTYPES.items()}
        names = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("collections", "OrderedDict"): OrderedDict,
            **dtypes,
        }
        return unpickle(self._member("data.pkl"), names, "a checkpoint", persistent=self._storage)

    def _member(self, name: str) -> bytes:
        return self._archive.read(f"{self._root}/{name}")

    def _storage(self, reference: Any) -> Tensor:
        """All values of a storage, as a tensor (N,)."""
        kind, dtype, key, _, size = reference
        if kind != "storage" or type(dtype) is not torch.dtype or type(key) is not str:
            raise pickle.UnpicklingError("it refers to something else than a storage")
        if key not in self._storages:
            content = bytearray(self._member(f"data/{key}"))
            values = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0)
            self._storages[key] = values.to(dtype)
        storage = self._storages[key]
        if (storage.dtype, len(storage)) != (dtype, size):
            raise pickle.UnpicklingError("a storage is not as long as it should be")
        return storage


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """A tensor that has each value of its storage once, in any order of dimensions."""
    if not isinstance(storage, Tensor) or (offset, prod(shape)) != (0, len(storage)):
        raise pickle.UnpicklingError("a tensor does not fill its storage")
    dense = 1
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size > 1 and stride != dense:
            raise pickle.UnpicklingError("a tensor's values overlap")
        dense *= size if size > 1 else 1
    return storage.as_strided(shape, strides)
