"""Verdicts on made-up trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.store.layout import Store


@pytest.fixture
def judged(store: Store) -> Callable[[str], dict[str, Any]]:
    """The row of `claims` on a part of a claim, from what is in the store by then."""

    def judge(part: str, dataset: str | None = "cifar10") -> dict[str, Any]:
        with Database(store.root) as db:
            query = "from claims where part = ? and dataset is not distinct from ?"
            (row,) = db.table(query, [part, dataset]).records()
        return row

    return judge
