"""How long the views take: `python benchmarks/views.py [TRIALS] [EPOCHS]`.

Claim: any view over 1000 trials of 100 epochs takes less than 0.2 s once compacted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from made_store import fill

from analysis.catalog import VIEWS
from analysis.database import Database
from orchestrator.store.compaction import compact
from orchestrator.store.layout import Store

ROUNDS = 5


def main(trials: int = 1000, epochs: int = 100) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(Path(folder))
        start = time.perf_counter()
        fill(store, trials, epochs)
        print(f"wrote {trials} trials of {epochs} epochs in {time.perf_counter() - start:.1f} s")
        measure(store, "one file per trial")
        start = time.perf_counter()
        done = compact(store)
        print(
            f"compacted in {time.perf_counter() - start:.2f} s: "
            f"{done.files_before} files before, {done.files_after} after"
        )
        measure(store, "compacted")


def measure(store: Store, how: str) -> None:
    start = time.perf_counter()
    with Database(store.root) as db:
        print(f"{how}: opened in {time.perf_counter() - start:.3f} s")
        for view in VIEWS:
            taken = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                rows = len(db.sql(f"from {view}").arrow().read_all())
                taken.append(time.perf_counter() - begin)
            print(f"  {view:14} {rows:9,} rows  {sorted(taken)[ROUNDS // 2]:6.3f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
