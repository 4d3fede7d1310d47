"""What every kind of trial has: a content, and an identity that is made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from functools import cached_property
from typing import Any, ClassVar


class Trial:
    """A frozen dataclass of everything that decides what is computed, and nothing of where.

    Every field but the classifier's `model` has a default. Equal trials compare and hash equal.
    """

    trainable: ClassVar[str]
    dataset: str
    seed: int

    def __post_init__(self) -> None:
        """1 and True, or NumPy's numbers and Python's, make the same trial."""
        for field in fields(self):  # type: ignore[arg-type]
            if isinstance(field.default, bool | int | float):
                self._set(field.name, type(field.default)(getattr(self, field.name)))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def regularizer(self) -> str | None:
        """The explicit regularizers at work; None where the word has no meaning."""
        return None

    @property
    def work(self) -> int:
        """How much there is to compute, to run long trials first: multiply-accumulates, roughly."""
        return 0

    def epoch_of(self, step: int) -> int:
        """The epochs that have ended after so many optimizer updates; 0 where there are none."""
        return 0

    @property
    def label(self) -> str:
        """The trial in a few words: what it is, and what is not as usual."""
        said = [f"{name} {_text(value)}" for name, value in self.config().items() if name != "seed"]
        return ", ".join([self.trainable, *said, f"seed {self.seed}"])

    @cached_property
    def trial_id(self) -> str:
        return content_hash(self.trainable, self.config())

    def config(self) -> dict[str, Any]:
        """The fields that differ from their defaults; what the identity is made of."""
        defaults = {f.name: f.default for f in fields(self)}  # type: ignore[arg-type]
        return {k: v for k, v in self.settings().items() if v != defaults[k]}

    def settings(self) -> dict[str, Any]:
        """All fields."""
        values: dict[str, Any] = asdict(self)  # type: ignore[call-overload]
        return values


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def content_hash(trainable: str, config: dict[str, Any]) -> str:
    """First 12 hex digits of the SHA-256 of the canonical JSON (sorted keys, no spaces)."""
    identity = config if trainable == "classifier" else {"trainable": trainable, **config}
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]
