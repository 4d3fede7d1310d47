"""What every kind of trial has: a content, and an identity that is made of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, ClassVar

from gensweep.trainables.fields import Decides, Field, fields_of


class Trial:
    """A frozen dataclass of everything that decides what is computed, and nothing of where.

    Every field but the classifier's `model` has a default. Equal trials compare and hash equal.
    """

    trainable: ClassVar[str]
    trains_network: ClassVar[bool] = False
    takes_encoded: ClassVar[bool] = False  # datasets of encoded images, and not of arrays alone
    # The fields that `title` and the seed tell; None where a label says every field that is set.
    told: ClassVar[frozenset[str] | None] = None
    dataset: str = ""  # of a trial that has none
    seed: int

    def __post_init__(self) -> None:
        """1 and True, or NumPy's numbers and Python's, make the same trial."""
        config: Any = type(self)
        for name, kind in _numbers(config):
            if type(value := getattr(self, name)) is not kind:
                self._set(name, kind(value))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def regularizer(self) -> str | None:
        """The explicit regularizers at work; None where the word has no meaning."""
        return None

    @property
    def cost(self) -> int:
        """How much there is to compute, to run long trials first: multiply-accumulates, roughly."""
        return 0

    @property
    def max_epochs(self) -> int:
        """The most epochs that it may train and report; 0 where it trains no network."""
        return 0

    @property
    def engine_key(self) -> tuple[Any, ...]:
        """Equal for trials whose steps are the same computation on other numbers.

        Such trials may share an engine: at once as its lanes, or one after the other. A trial that
        trains no network is like no other.
        """
        return self.trainable, self.trial_id

    @property
    def fills_gpu(self) -> int:
        """How many trials with its `engine_key` fill a GPU when they run side by side."""
        return 1

    @property
    def needs_float64(self) -> bool:
        """Whether the trial computes in float64, which not every device has."""
        return False

    def epoch_of(self, step: int) -> int:
        """The epochs that have ended after so many optimizer updates; 0 where there are none."""
        return 0

    @property
    def title(self) -> str:
        """The trial in a few words, but for its seed; `labels.label` adds what sets it apart."""
        return self.trainable

    @cached_property
    def trial_id(self) -> str:
        return content_hash(self.trainable, self.config())

    def config(self) -> dict[str, Any]:
        """The fields that differ from their defaults; what the identity is made of."""
        return {k: v for k, f in self.fields().items() if (v := getattr(self, k)) != f.default}

    def settings(self) -> dict[str, Any]:
        """All fields."""
        return {name: getattr(self, name) for name in self.fields()}

    def setting(self) -> dict[str, Any]:
        """The part of `config` that draws of one setting have in common."""
        fields = self.fields()
        config = self.config().items()
        return {k: v for k, v in config if fields[k].about.decides is Decides.SETTING}

    @property
    def setting_id(self) -> str:
        """Equal for trials that differ in nothing but their seed, and in what they record."""
        return content_hash(self.trainable, self.setting())

    @classmethod
    def fields(cls) -> Mapping[str, Field]:
        """What is declared of each field, by name."""
        config: Any = cls
        return fields_of(config)


@cache
def _numbers(config: type) -> tuple[tuple[str, type], ...]:
    kinds = (bool, int, float)
    return tuple((name, f.type) for name, f in fields_of(config).items() if f.type in kinds)


def content_hash(trainable: str, config: Mapping[str, Any]) -> str:
    """First 12 hex digits of the SHA-256 of the canonical JSON (sorted keys, no spaces)."""
    identity = config if trainable == "classifier" else {"trainable": trainable, **config}
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]
