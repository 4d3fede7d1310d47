"""Network inputs from JPEGs: `python benchmarks/loading.py [--images FOLDER] [--threads N]`.

Claims, for inputs of 299 x 299 from JPEGs of 500 x 375 pixels and 110 KB, on one machine without a
GPU:

- At least 2.0 times as many images per second as torchvision's ImageFolder and PIL transforms in a
  DataLoader with as many processes as we have threads: random crops, flips and colours.
- An epoch over 1.28 million images begins within 2 s and takes less than 1500 MB.

The aim is 0.8 times as many as torchvision only decodes in as many threads. Without colours this is
reached; colours on a CPU take as long as decoding. A GPU computes them itself: "for a GPU" is what
threads do then, up to the uint8 images that are copied to it.

The ways take turns, so that a busy machine slows all alike; ratios are medians over the rounds.
Inputs are compared with the slow path too.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from streams import reference
from streams.photos import Repeated, photos
from streams.usual import usual_loader
from torchvision.io import ImageReadMode, decode_jpeg

from gensweep.trainables.classifier.streaming.batch import Batch
from gensweep.trainables.classifier.streaming.distortion import Distortion
from gensweep.trainables.classifier.streaming.loader import AHEAD, Loader, resized
from gensweep.trainables.memory import keep_freed_memory

SIDE, BATCH, ROUNDS = 299, 64, 7
CPU = torch.device("cpu")
MEMORY = Path(__file__).parent / "streams" / "memory.py"
KINDS = {
    "crop, flip, color": Distortion(0, 1, crop=True, flip=True, color=True),
    "crop, flip": Distortion(0, 1, crop=True, flip=True),
    "evaluation": None,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=Path, help="a folder of JPEGs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--count", type=int, default=512, help="images per round")
    chosen = parser.parse_args()
    keep_freed_memory()
    files = photos(chosen.images)
    size = statistics.mean(map(len, files)) / 1000
    print(f"{len(files)} JPEGs of {size:.0f} KB on average; {chosen.threads} threads or processes")
    rates(files, chosen.threads, chosen.count)
    equality(files)
    with tempfile.TemporaryDirectory() as folder:
        kept = write(files, Path(folder))
        subprocess.run([sys.executable, MEMORY, str(chosen.threads), *map(str, kept)], check=True)


def rates(files: tuple[bytes, ...], threads: int, count: int) -> None:
    """Images per second of each way, in turns."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        loader = Loader(Repeated(files, count), SIDE, threads, CPU)
        stack.enter_context(closing(loader))
        write(files, folder / "class")
        usual = usual_loader(folder, SIDE, BATCH, threads, count)
        ways: dict[str, Callable[[], object]] = {
            "decoding alone": lambda: decode_alone(files, pool, threads, count),
            "ImageFolder and PIL": lambda: list(map(len, (inputs for inputs, _ in usual))),
        }
        staging = ForGPU(Repeated(files, count), SIDE, threads, CPU)
        stack.enter_context(closing(staging))
        ways["crop, for a GPU"] = lambda: ours(staging, count, KINDS["crop, flip, color"])
        for name, distortion in KINDS.items():
            ways[name] = lambda distortion=distortion: ours(loader, count, distortion)
        seconds = {name: [] for name in ways}
        for turn in range(ROUNDS + 1):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                if turn:  # the first warms up
                    seconds[name].append(time.perf_counter() - start)
    print(f"{'':22}{'images/s':>10}{'x usual':>9}{'x decoding':>12}")
    for name, taken in seconds.items():
        usually, decoding = (
            statistics.median(a / b for a, b in zip(seconds[other], taken, strict=True))
            for other in ("ImageFolder and PIL", "decoding alone")
        )
        rate = count / statistics.median(taken)
        print(f"{name:22}{rate:10,.0f}{usually:9.2f}{decoding:12.2f}")


class Staged(Batch):
    """Resized images (uint8), as they would be copied to a GPU.

    Memory is used again, as torch does with what a GPU copies from.
    """

    MEMORY = tuple(
        torch.empty((BATCH, 3, SIDE, SIDE), dtype=torch.uint8, memory_format=torch.channels_last)
        for _ in range(AHEAD + 2)
    )
    taken = itertools.count()

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._staged = True
        self._images = self.MEMORY[next(self.taken) % len(self.MEMORY)]

    def inputs(self) -> torch.Tensor:
        return self._images


class ForGPU(Loader):
    """The threads' part where a GPU does the rest."""

    def _start(self, indices: NDArray[np.int64], distortion: Distortion | None) -> Batch:
        batch = Staged(indices, self._side, distortion, self._device, self._buffers)
        return batch.start(self._pool, self._threads, self._make)


def ours(loader: Loader, count: int, distortion: Distortion | None) -> None:
    for _ in loader.batches(np.array_split(np.arange(count), count // BATCH), distortion):
        pass


def decode_alone(
    files: tuple[bytes, ...], pool: ThreadPoolExecutor, threads: int, count: int
) -> None:
    tensors = [torch.frombuffer(bytearray(file), dtype=torch.uint8) for file in files]

    def share(first: int) -> None:
        for i in range(first, count, threads):
            decode_jpeg(tensors[i % len(tensors)], mode=ImageReadMode.RGB)

    list(pool.map(share, range(threads)))


def write(files: tuple[bytes, ...], folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.jpg" for number in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
    return paths


def equality(files: tuple[bytes, ...]) -> None:
    """The largest differences from the slow path, in inputs, which lie in [-1, 1]."""
    distortion = KINDS["crop, flip, color"]
    assert distortion
    indices = np.arange(min(4, len(files)))
    with closing(Loader(Repeated(files, len(files)), SIDE, 1, CPU)) as loader:
        inputs = next(loader.batches([indices], distortion)).numpy()
        evaluated = next(loader.batches([indices])).numpy()
    whole, colours, plain = [], [], []
    for index in indices:
        image = reference.decoded(files[index])
        window, row = distortion.draw(int(index), *image.shape[1:])
        values = reference.resized(image, window, SIDE)
        whole.append(np.abs(inputs[index] - reference.finished(values, row, distortion)))
        pixels = torch.from_numpy((image * 255).round().astype(np.uint8).transpose(1, 2, 0))
        rounded = resized(pixels.permute(2, 0, 1), window, SIDE)[0].numpy() / 255.0
        colours.append(np.abs(inputs[index] - reference.finished(rounded, row, distortion)))
        plain.append(np.abs(evaluated[index] - evaluation(image)))
    print(f"from the slow path, {len(indices)} images: evaluation {np.max(plain):.4f} at the most,")
    print(f"  with crop, flip, color {np.max(whole):.4f}, {np.mean(whole):.5f} on average;")
    print(f"  from the same resized image {np.max(colours):.1e}")


def evaluation(image: reference.Values) -> reference.Values:
    unchanged = Distortion(0, 0)
    window, row = unchanged.draw(0, *image.shape[1:])
    return reference.finished(reference.resized(image, window, SIDE), row, unchanged)


if __name__ == "__main__":
    main()
