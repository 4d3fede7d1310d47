"""Which trials a row over seeds is of: everything of them but the seed, in columns and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gensweep.analysis.tables.labels import (
    GROUP_BY,
    dataset_labels,
    model_label,
    short_data_label,
    varying_settings,
)

ALIKE = GROUP_BY
IN_WORDS = ("dataset", "model", "regularizer", "data", "settings")
MAY_BE_EMPTY = ("dataset", "settings")


def say_settings(records: Sequence[dict[str, Any]], alike: Sequence[str] = ALIKE) -> None:
    """Give each record `settings`: what tells it from others that are alike, if there are any."""
    for record, settings in zip(records, varying_settings(records, alike), strict=True):
        record["settings"] = settings


def in_words(records: Sequence[dict[str, Any]]) -> list[list[str]]:
    """For each record that says its settings, what stands in the columns IN_WORDS."""
    return [
        [
            dataset,
            model_label(record["model"], record["batch_norm"]),
            record["regularizer"],
            short_data_label(record["randomization"], record["corruption"]),
            record["settings"],
        ]
        for record, dataset in zip(records, dataset_labels(records), strict=True)
    ]
