"""Table 2's own numbers, as if our trials had ended at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gensweep.analysis.database.paper_numbers import paper_numbers
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.datasets import DATASETS

# The fields that a word of the paper's regularizers stands for.
_WORDS: dict[str, dict[str, Any]] = {
    "none": {},
    "augmentation": {"crop": True, "flip": True, "color": True},
    "wd": {"weight_decay": 4e-5},
    "dropout": {"dropout": 0.2},
}
_IMAGENET = {"dataset": "imagenet", "model": "inception_v3"}

WriteTable2 = Callable[..., None]


@pytest.fixture
def write_table_2(store: Store, write: Any) -> WriteTable2:
    """Write a trial for every row: its best test error comes before its last."""

    def put(**settings: Any) -> None:
        rows: dict[tuple[str, str], dict[str, float]] = {}
        for n in paper_numbers():
            if n.source == "table_2":
                row = rows.setdefault((str(n.randomization), str(n.regularizer)), {})
                row[n.metric] = n.value or 0.0
        for (randomization, regularizer), row in rows.items():
            test, top5 = row["test_error"], row["test_top5_error"]
            best = row.get("best_test_error", test), row.get("best_test_top5_error", top5)
            fields: dict[str, Any] = {}
            for word in regularizer.split("+"):
                fields |= _WORDS[word]
            write(
                store,
                (0.5, row["train_error"]),
                test_errors=(best[0], test),
                top5=[(0.5, best[1]), (row["train_top5_error"], top5)],
                randomization=randomization,
                **_IMAGENET | fields | settings,
            )

    return put


@pytest.fixture
def pets(monkeypatch: pytest.MonkeyPatch) -> str:
    """A user's folder of images."""
    source = replace(
        DATASETS["imagenet"], classes=37, train=3680, test=3669, fit_error=None, digest="12" * 32
    )
    monkeypatch.setitem(DATASETS, "pets", source)
    return "pets"
