"""However many claim at once, a name has one holder, and there is one who gets it."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.layout import Store

NAMES = "abcdefgh"
PROCESSES, ROUNDS = 6, 8
DUELS = 40

# Claims random names again and again. Whoever holds a name makes a file of that name, which the
# system makes for one alone.
CONTENDER = """
import os, random, sys, time
from pathlib import Path
from gensweep.orchestrator.store import claiming
from gensweep.orchestrator.store.layout import Store

claiming._PAUSE = 0.02
root, names, rounds, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
chance, store, marks = random.Random(seed), Store.open(root / "results"), root / "marks"
print("ready", flush=True)
sys.stdin.readline()
for _ in range(rounds):
    wanted = chance.sample(names, 3)
    with claiming.claim_trials(store, "launch", wanted) as mine:
        assert mine.names | mine.refused.keys() == set(wanted)
        assert not mine.names & mine.refused.keys()
        for name in mine.names:
            os.close(os.open(marks / name, os.O_CREAT | os.O_EXCL))
        time.sleep(chance.uniform(0, 0.02))
        for name in mine.names:
            os.unlink(marks / name)
        print(len(mine.names), flush=True)
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


def test_processes_that_claim_at_random_never_hold_the_same_name_at_once(
    store: Store, marks: Path
) -> None:
    command = [sys.executable, "-c", CONTENDER, str(marks.parent), NAMES, str(ROUNDS)]
    pipe = subprocess.PIPE
    contenders = [
        subprocess.Popen([*command, str(seed)], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for seed in range(PROCESSES)
    ]
    try:
        for contender in contenders:
            assert contender.stdout is not None
            assert contender.stdout.readline() == "ready\n"
        for contender in contenders:
            assert contender.stdin is not None
            contender.stdin.write("go\n")
            contender.stdin.flush()
        answers = [contender.communicate(timeout=120) for contender in contenders]
    finally:
        for contender in contenders:
            contender.kill()
    assert [error for _, error in answers] == [""] * PROCESSES
    granted = [[int(n) for n in out.split()] for out, _ in answers]
    assert [len(counts) for counts in granted] == [ROUNDS] * PROCESSES
    assert all(sum(counts) > 0 for counts in granted)
    assert list(marks.iterdir()) == list(store.leases.iterdir()) == []


def test_threads_that_claim_at_random_never_hold_the_same_name_at_once(
    store: Store, marks: Path
) -> None:
    def contend(seed: int) -> int:
        chance, got = random.Random(seed), 0
        for _ in range(ROUNDS):
            with claim_trials(store, "launch", chance.sample(NAMES, 4)) as mine:
                for name in mine.names:
                    (marks / name).touch(exist_ok=False)
                for name in mine.names:
                    (marks / name).unlink()
                got += len(mine.names)
        return got

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(contend, range(4)))
    assert list(marks.iterdir()) == list(store.leases.iterdir()) == []


@pytest.mark.parametrize("contenders", [2, 3, 6])
def test_of_those_who_want_one_name_in_the_same_instant_exactly_one_gets_it(
    store: Store, contenders: int
) -> None:
    """Two who each saw the other, and both gave up, would leave a trial to nobody."""
    start, settled = threading.Barrier(contenders), threading.Barrier(contenders)

    def contend(_: int) -> list[int]:
        got = []
        for _ in range(DUELS // contenders):
            start.wait(60)
            with claim_trials(store, "launch", ["a"]) as mine:
                got.append(len(mine.names))
                settled.wait(60)  # all are in their blocks: nobody got it later
        return got

    with ThreadPoolExecutor(contenders) as pool:
        rounds = list(zip(*pool.map(contend, range(contenders)), strict=True))
    assert Counter(map(sum, rounds)) == Counter({1: DUELS // contenders})


def test_those_who_want_different_names_all_get_them_at_once(store: Store) -> None:
    barrier = threading.Barrier(4)

    def contend(n: int) -> frozenset[str]:
        barrier.wait(60)
        with claim_trials(store, "launch", [f"{n}-{i}" for i in range(50)]) as mine:
            barrier.wait(60)
            return mine.names

    with ThreadPoolExecutor(4) as pool:
        assert [len(names) for names in pool.map(contend, range(4))] == [50] * 4
