"""A cache of programs for the next trials of their shape."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from gensweep.trainables.classifier.engines.program import Program

LIMIT = 6


class Key(NamedTuple):
    """Everything that shapes a program.

    engine: the trials' `engine_key`. images: the shape and type of the training set.
    """

    engine: tuple[Any, ...]
    images: tuple[torch.Size, torch.dtype]
    classes: int
    device: torch.device
    slots: int
    shared: bool
    compiled: bool


@dataclass
class Programs:
    """A process's unused programs; the least recently used are dropped first.

    A program that is taken has one user until it is put back.
    """

    limit: int = LIMIT

    def __post_init__(self) -> None:
        self._waiting: OrderedDict[Key, Program] = OrderedDict()

    def take(self, key: Key) -> Program | None:
        return self._waiting.pop(key, None)

    def put(self, key: Key, program: Program) -> None:
        program.let_go()
        self._waiting[key] = program
        self._waiting.move_to_end(key)
        while len(self._waiting) > self.limit:
            self._waiting.popitem(last=False)

    def clear(self) -> None:
        self._waiting.clear()


PROGRAMS = Programs()
