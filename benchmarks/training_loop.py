"""Our training loop against a bare one: `python benchmarks/training_loop.py [MODEL ...]`.

Claim: at least 90 % of the images per second of a bare hand-written PyTorch loop for the same
model on the same device, including metrics and row writing, without evaluation.

The two take turns, one epoch each, on synthetic images of CIFAR-10's shape, so that a busy machine
slows both alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from gensweep.orchestrator.provenance import provenance
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.writer import TrialWriter
from gensweep.trainables.classifier.data import load_trial_data
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.datasets.arrays import Dataset, write_cache
from gensweep.trainables.device import pick_device
from gensweep.trainables.models import MODELS, build_model
from gensweep.trainables.records import Checkpoint, Epoch
from gensweep.trainables.registry import TRAINABLES

ROUNDS = 5
IMAGES = {"mlp_1x512": 12_800, "mlp_3x512": 12_800, "alexnet": 2_560, "inception": 640}
DEFAULT_IMAGES = 640
THREADS = 1


def main(*models: str) -> None:
    torch.set_num_threads(THREADS)
    device = pick_device("auto")
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{THREADS} CPU thread"
    print(f"torch {torch.__version__}, {where}, batch 128, fp32; images per second, medians")
    for model in models or tuple(m for m in MODELS if m in IMAGES):
        ours, bare = measure(model, IMAGES.get(model, DEFAULT_IMAGES), device)
        print(f"{model:12} ours {ours:10,.0f}   bare {bare:10,.0f}   ratio {ours / bare:5.2f}")


def measure(model: str, images: int, device: torch.device) -> tuple[float, float]:
    trial = ClassifierTrial(model=model, epochs=ROUNDS + 1, randomization="random_labels")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        write_cache(made_up_cifar10(images), data)
        store = Store.create(Path(folder, "results"))
        ours, bare = our_epochs(trial, data, store), bare_epochs(trial, data, device)
        seconds = [(next(ours), next(bare)) for _ in range(ROUNDS + 1)][1:]  # the first warms up
    return images / statistics.median(o for o, _ in seconds), images / statistics.median(
        b for _, b in seconds
    )


def our_epochs(trial: ClassifierTrial, data: Path, store: Store) -> Iterator[float]:
    """Seconds of each epoch's training, and of writing its rows."""
    writer = TrialWriter(store, trial, provenance(""), flush_seconds=0.0)
    for _, record in TRAINABLES["classifier"].run([trial], Context(data, threads=THREADS)):
        start = time.perf_counter()
        if not isinstance(record, Checkpoint):
            writer.add(record)
        if isinstance(record, Epoch):
            yield record.seconds + time.perf_counter() - start


def bare_epochs(trial: ClassifierTrial, data: Path, device: torch.device) -> Iterator[float]:
    """A hand-written loop: data on the device, no metrics, no rows."""
    loaded = load_trial_data(trial, data, device)
    inputs, labels = loaded.train.inputs, loaded.train.labels
    model = build_model(trial.model, loaded.shape, loaded.classes).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=trial.lr, momentum=trial.momentum)
    while True:
        start = time.perf_counter()
        for batch in torch.randperm(len(labels), device=device).split(trial.batch_size):
            loss = functional.cross_entropy(model(inputs[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()
        yield time.perf_counter() - start


def made_up_cifar10(images: int) -> Dataset:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (images + 128, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, images + 128)
    return Dataset(
        "cifar10", 10, pixels[:images], labels[:images], pixels[images:], labels[images:]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
