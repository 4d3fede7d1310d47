"""Two ranks of one trial: `python benchmarks/ranks.py [--model NAME] [--batch N]`.

Claim: two ranks on two cores train Inception V3 at least 0.9 times as fast as two independent
trials of one core each, with 128 examples for each process in a step. Each step also sums 24
million gradients: with fewer examples, ranks are slower.

The ways take turns, so that a busy machine slows both alike; the ratio is the median of the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from gensweep.trainables.datasets import DATASETS, Source
from gensweep.trainables.datasets.arrays import Dataset

ROUNDS, STEPS = 3, 5


def noise(view: int, train: int) -> None:
    """Register the dataset `noise` in this process: as large as the model needs, in memory."""
    source = Source("noise", "noise", 10, 3, view, view, train, 10)
    DATASETS["noise"] = source
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(train + 10, view, view, 3), dtype=np.uint8)
    labels = np.arange(train + 10) % 10
    from gensweep.trainables.classifier import data

    made = Dataset("noise", 10, images[:train], labels[:train], images[train:], labels[train:])
    data._dataset = lambda name, folder: made  # type: ignore[assignment]


def process(settings: dict[str, int | str]) -> None:
    """Train an epoch once the others are there, and print its seconds."""
    import torch
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    from gensweep.trainables.classifier.engines.eager import EagerEngine
    from gensweep.trainables.classifier.engines.lane import StepOptions
    from gensweep.trainables.classifier.trial import ClassifierTrial
    from gensweep.trainables.memory import keep_freed_memory
    from gensweep.trainables.ranks import Ranks, joined

    torch.set_num_threads(1)
    keep_freed_memory()
    rank, batch, together = (int(settings[name]) for name in ("rank", "batch", "together"))
    world = 2 if together else 1
    noise(int(settings["view"]), STEPS * batch * world)
    trial = ClassifierTrial(
        dataset="noise", model=str(settings["model"]), batch_size=batch * world, log_every=1000
    )
    store = TCPStore("127.0.0.1", int(settings["port"]), 2, is_master=rank == 0)
    device = torch.device("cpu")
    with joined(Ranks(rank, 2), store, device) as both:
        ranks = both if together else Ranks()
        engine = EagerEngine([trial], Path(), device, StepOptions(ranks=ranks))
        lane = engine._lanes[0]
        lane.begin(1)
        lane.step()
        both.sum(torch.zeros(()))  # both are there, and warm
        began = time.perf_counter()
        while lane.steps < len(lane.batches):
            lane.step()
        both.sum(torch.zeros(()))  # the slower one counts
        if rank == 0:
            print((STEPS - 1) * batch * 2 / (time.perf_counter() - began))


def measured(together: bool, port: int, chosen: argparse.Namespace) -> float:
    """Images a second of both processes."""
    settings = {"model": chosen.model, "view": chosen.view, "batch": chosen.batch}
    started = [
        subprocess.Popen(
            [
                sys.executable,
                __file__,
                json.dumps({**settings, "rank": rank, "together": together, "port": port}),
            ],
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for rank in range(2)
    ]
    printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit("a process failed")
    return float(printed[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="inception_v3")
    parser.add_argument("--view", type=int, default=75, help="pixels of a side")
    parser.add_argument("--batch", type=int, default=128, help="examples of each process in a step")
    parser.add_argument("--port", type=int, default=29710, help="the first of those to use")
    chosen = parser.parse_args()
    print(f"{chosen.model} at {chosen.view} pixels, {chosen.batch} examples for each process")
    rates: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * ROUNDS):
        together = turn % 2 == 0
        rates[together].append(measured(together, chosen.port + turn, chosen))
    for together, name in ((False, "two trials"), (True, "two ranks")):
        print(f"{name:>10}: {statistics.median(rates[together]):7.1f} images/s")
    ratios = [one / two for one, two in zip(rates[True], rates[False], strict=True)]
    ratio = statistics.median(ratios)
    verdict = "met" if ratio >= 0.9 else "not met"
    print(f"two ranks / two trials: {ratio:.2f} (promise: at least 0.90, {verdict})")


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].startswith("{"):
        process(json.loads(sys.argv[1]))
    else:
        main()
