"""The order of learning: the epoch after which each training example was right."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gensweep.trainables.records import Examples


class Learning:
    """Follows every training example from epoch to epoch, on the trial's device."""

    def __init__(self, examples: int, device: torch.device) -> None:
        def zeros() -> Tensor:
            return torch.zeros(examples, dtype=torch.int32, device=device)

        self._first, self._since, self._forgotten = zeros(), zeros(), zeros()

    def take(self, epoch: int, right: Tensor) -> None:
        """Record which examples (N,) are predicted as their given label after an epoch, counted
        from 1.
        """
        now = torch.full_like(self._since, epoch)
        self._forgotten += ~right & (self._since > 0)
        self._first = torch.where(right & (self._first == 0), now, self._first)
        self._since = torch.where(right & (self._since == 0), now, self._since) * right

    def examples(self, changed: Tensor | None) -> Examples:
        """The result so far; `changed` (N,) marks the labels that are not true."""
        marks = torch.zeros_like(self._first, dtype=torch.bool) if changed is None else changed
        columns = (marks, self._first, self._since, self._forgotten)
        return Examples(*(column.cpu().numpy() for column in columns))

    def state(self) -> dict[str, Tensor]:
        return {"first": self._first, "since": self._since, "forgotten": self._forgotten}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self._first.copy_(state["first"])
        self._since.copy_(state["since"])
        self._forgotten.copy_(state["forgotten"])
