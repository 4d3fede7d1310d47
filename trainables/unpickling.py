"""Unpickles what other people wrote, without running anything of theirs."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable, Mapping
from typing import Any

_MOST_OPCODES = 2_000_000  # which take seconds
_NUMBERING = ("PUT", "BINPUT", "LONG_BINPUT")
Names = Mapping[tuple[str, str], Any]


def unpickle(
    content: bytes,
    names: Names,
    what: str,
    encoding: str = "ASCII",
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """Plain containers, numbers and strings, and what `names` has for (MODULE, NAME).

    what: what the content is, for errors.

    The pickle calls whatever `names` has, with arguments of its choice, so that should be functions
    and classes made for the purpose, not those of a library. Raises UnpicklingError for any other
    name, and any Exception for content that is no pickle.
    """
    _check(content)

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            named = f"{module}.{name}"[:100]
            try:
                return names[module, name]
            except KeyError:
                raise pickle.UnpicklingError(f"{named} has no place in {what}") from None

        def persistent_load(self, pid: Any) -> Any:
            if persistent is None:
                raise pickle.UnpicklingError("it refers to something outside")
            return persistent(pid)

    return Unpickler(io.BytesIO(content), encoding=encoding).load()


def _check(content: bytes) -> None:
    """Raise UnpicklingError for what takes far more time or memory than the content has bytes.

    A pickle numbers the values that it refers to again, and Python reserves memory up to the
    highest number: 5 bytes would ask for 64 GB.
    """
    for count, (opcode, number, _) in enumerate(pickletools.genops(content)):
        if count > _MOST_OPCODES:
            raise pickle.UnpicklingError("it has too many parts")
        highest = number if opcode.name in _NUMBERING and isinstance(number, int) else 0
        if not 0 <= highest <= len(content):
            raise pickle.UnpicklingError("it numbers more values than it has")
