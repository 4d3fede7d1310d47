"""Readers see every trial once, with all its rows, while another process compacts."""

from __future__ import annotations

import select
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gensweep.orchestrator.store.flatten import flatten
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.snapshot import take_snapshot
from gensweep.orchestrator.store.statuses import statuses
from gensweep.trainables.classifier.trial import ClassifierTrial

ROUNDS = 12
EPOCHS = 3
COMPACTOR = """
import sys
from pathlib import Path
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
store = Store.open(Path(sys.argv[1]))
for _ in sys.stdin:
    print(compact(store).trials, flush=True)
"""


# For every line, runs three trials, the second one in two attempts and the third one a second time
# for good, and compacts: so each time a part is made, and now and then merged with others.
WRITER = """
import sys
from pathlib import Path
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import Provenance
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.records import Ended, Epoch, Started, Steps
from gensweep.trainables.classifier.trial import ClassifierTrial

store = Store.open(Path(sys.argv[1]))

def run(seed, attempt, epochs, status):
    trial = ClassifierTrial(model="mlp_1x512", dataset="synthetic", seed=seed)
    writer = TrialWriter(store, trial, Provenance("", "", "{}"), attempt, flush_seconds=0)
    writer.begin()
    for n in range(1, epochs + 1):
        writer.add(Steps(n, 1.0))
        writer.add(Epoch(n, n, 0.1, 1.0, 0.5, 1.0, 0.5, None, None, None, None, 1.0))
    writer.end(status)

for seed, line in enumerate(sys.stdin):
    run(3 * seed, 1, 3, "done")
    run(3 * seed + 1, 1, 2, "interrupted")
    run(3 * seed + 1, 2, 3, "done")
    run(3 * max(seed - 5, 0), 2, 4, "done")
    print(compact(store).trials, flush=True)
"""


def seen(store: Store) -> dict[str, Counter[str]]:
    """How many rows of each table every trial has: the live ones, else the compacted ones."""
    snapshot = take_snapshot(store)
    own = set(snapshot.live["trial_id"].to_pylist())
    counts = {}
    for name, live in flatten(snapshot.live).items():
        files = snapshot.manifest.paths(store, name)
        compacted = [i for f in files for i in pq.read_table(f)["trial_id"].to_pylist()]
        counts[name] = Counter(live["trial_id"].to_pylist())
        counts[name].update(i for i in compacted if i not in own)
    assert set(statuses(snapshot)) == set(counts["trials"])
    return counts


def test_a_reader_always_sees_every_trial_once_with_all_its_rows(
    store: Store, write: Callable[..., ClassifierTrial]
) -> None:
    command = [sys.executable, "-c", COMPACTOR, str(store.root)]
    pipe = subprocess.PIPE
    reads = 0
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as compactor:
        assert compactor.stdin is not None
        assert compactor.stdout is not None
        ids: set[str] = {write(store, 1000, "running", EPOCHS).trial_id}
        for seed in range(ROUNDS):
            ids |= {write(store, n, "done", EPOCHS).trial_id for n in range(4 * seed, 4 * seed + 4)}
            compactor.stdin.write("compact\n")
            answered = False
            while not answered:
                answered = bool(select.select([compactor.stdout], [], [], 0)[0])
                counts = seen(store)
                assert counts["trials"] == Counter(ids)
                assert counts["epochs"] == counts["steps"] == Counter(dict.fromkeys(ids, EPOCHS))
                reads += 1
            assert compactor.stdout.readline() == "4\n"
        compactor.stdin.close()
    assert reads > ROUNDS  # some of them while it was compacting


def test_a_reader_never_sees_a_trial_go_away_or_back_while_others_write_and_compact(
    store: Store,
) -> None:
    command = [sys.executable, "-c", WRITER, str(store.root)]
    pipe = subprocess.PIPE
    reads, before = 0, Counter[str]()
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for _ in range(ROUNDS):
            writer.stdin.write("on\n")
            answered = False
            while not answered:
                answered = bool(select.select([writer.stdout], [], [], 0)[0])
                counts = seen(store)
                assert set(counts["trials"].values()) <= {1}
                ahead = counts["steps"] - counts["epochs"]  # by one, in the epoch under way
                assert counts["epochs"] <= counts["steps"]
                assert set(ahead.values()) <= {1}
                assert before.keys() <= counts["trials"].keys()
                assert all(counts["epochs"][i] >= n for i, n in before.items() if n < 3)
                before = Counter({i: counts["epochs"][i] for i in counts["trials"]})
                reads += 1
            assert int(writer.stdout.readline()) in (2, 3)
        writer.stdin.close()
    assert len(before) == 2 * ROUNDS
    assert Counter(before.values()) == Counter({3: 2 * ROUNDS - (ROUNDS - 5), 4: ROUNDS - 5})
    assert reads > ROUNDS


def test_a_reader_can_finish_with_the_generation_that_was_just_replaced(
    store: Store, write: Callable[..., Any]
) -> None:
    command = [sys.executable, "-c", COMPACTOR, str(store.root)]
    write(store, 1)
    subprocess.run(command, input="compact\n", text=True, check=True, capture_output=True)
    snapshot = take_snapshot(store)
    write(store, 2)
    subprocess.run(command, input="compact\n", text=True, check=True, capture_output=True)
    tables = [pq.read_table(path) for path in snapshot.manifest.paths(store, "trials")]
    assert pa.concat_tables(tables)["seed"].to_pylist() == [1]
    assert Counter(take_snapshot(store).manifest.files) != Counter(snapshot.manifest.files)
