"""The overhead of a trial besides its training: `python benchmarks/orchestration.py [TRIALS]`.

Claim: at most 50 ms per trial for 200 trials that compute nothing, including our store's writes and
excluding Ray's start. Ray Tune schedules the trials and the real worker writes them; only the
training is missing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from gensweep.orchestrator.cluster import ray_cluster
from gensweep.orchestrator.display import Display
from gensweep.orchestrator.job import Assignment, Job
from gensweep.orchestrator.spec import Resources
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.trainables.noop import NoopTrial

WARM = 20  # trials that run first, to start workers and load their libraries


def main(count: int = 200) -> None:
    from gensweep.orchestrator.tuner import run_tuner

    trials = [NoopTrial(model="mlp_1x512", seed=seed) for seed in range(WARM + count)]
    packs = [(Assignment.of(t, attempt=1),) for t in trials]
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(Path(folder, "results"))
        ids = [trial.trial_id for trial in trials]
        with (
            claim_trials(store, "benchmark", ids) as lease,
            ray_cluster(None, Resources(cpu=1)) as workers,
        ):
            job = Job(store.root, Path(folder), "cpu", 1, "", lease.id)
            run_tuner(job, packs[:WARM], 1, workers, Display(), lambda: lease.lost)
            start = time.perf_counter()
            run_tuner(job, packs[WARM:], 1, workers, Display(), lambda: lease.lost)
            ran = time.perf_counter() - start
        start = time.perf_counter()
        compact(store)
        compacted = time.perf_counter() - start
        done = sum(s.status == "done" for s in statuses(take_snapshot(store)).values())
    assert done == len(trials), f"{done} of {len(trials)} trials are done"
    print(
        f"{count} trials on {workers} workers: {ran:.2f} s, {1000 * ran / count:.1f} ms per trial"
    )
    print(f"compaction of {len(trials)} trials: {compacted:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
