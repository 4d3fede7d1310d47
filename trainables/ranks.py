"""The processes that train one trial together, as ranks of a `torch.distributed` group.

The first rank drives: it says what all do next, and the others follow. Every batch of the trial is
cut into as many shares as there are ranks; what they compute is summed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import Store  # type: ignore[attr-defined]

from gensweep.trainables.errors import RankLostError

_FOREVER = timedelta(days=365)  # the others wait for as long as the first has nothing to say


class Order(IntEnum):
    """What the first rank says."""

    START = 0  # a trial; its settings follow
    RESTORE = 1  # its state follows
    EPOCH = 2  # with its number
    EVALUATE = 3
    MEASURE = 4
    GO = 5  # on, after a step or a batch
    STOP = 6
    END = 7  # of the trial
    LEAVE = 8


@dataclass(frozen=True)
class Ranks:
    """This process's place among those of a trial; by default it is alone.

    What they do together raises RankLostError where one of them is gone.

    rank:  counted from 0.
    world: how many there are.
    """

    rank: int = 0
    world: int = 1

    @property
    def alone(self) -> bool:
        return self.world == 1

    def share(self, count: int) -> slice:
        """This rank's part of so many examples; shares differ by one at most."""
        start, end = (count * r // self.world for r in (self.rank, self.rank + 1))
        return slice(start, end)

    def in_turn(self, count: int, size: int) -> Iterator[slice]:
        """This rank's turns where all go through so many examples in parts of a size.

        All ranks have equally many turns; the last may be empty.
        """
        rounds = -(-count // (size * self.world))
        for turn in range(rounds):
            start = min((turn * self.world + self.rank) * size, count)
            yield slice(start, min(start + size, count))

    def sum(self, tensor: Tensor) -> Tensor:
        """Replace the tensor by its sum over all ranks."""
        if not self.alone:
            with _in_touch():
                dist.all_reduce(tensor)
        return tensor

    def copy_of_the_first(self, tensor: Tensor) -> None:
        """Replace the tensor by that of the first rank."""
        if not self.alone:
            with _in_touch():
                dist.broadcast(tensor, 0)

    def say(self, order: Order, number: int = 0, content: bytes = b"") -> None:
        """Tell the other ranks."""
        self.copy_of_the_first(torch.tensor([order, number, len(content)]))
        if content:
            self.copy_of_the_first(torch.frombuffer(bytearray(content), dtype=torch.uint8))

    def hear(self) -> tuple[Order, int, bytes]:
        """What the first rank says next: the order, its number, and what follows it."""
        said = torch.zeros(3, dtype=torch.int64)
        self.copy_of_the_first(said)
        order, number, size = said.tolist()
        content = torch.empty(size, dtype=torch.uint8)
        if size:
            self.copy_of_the_first(content)
        return Order(order), number, content.numpy().tobytes()


ALONE = Ranks()


@contextmanager
def _in_touch() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # PyTorch has no other for a connection that broke
        raise RankLostError(str(error)) from error


@contextmanager
def joined(ranks: Ranks, store: Store, device: torch.device) -> Iterator[Ranks]:
    """Be a rank of the group that meets at the store. Raises RuntimeError if it does not meet."""
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(
        backend, store=store, rank=ranks.rank, world_size=ranks.world, timeout=_FOREVER
    )
    try:
        yield ranks
    finally:
        dist.destroy_process_group()
