"""Three ways to store encoded images: `python benchmarks/image_storage.py`.

Ours is one file for all images of a split, with an index, of which an image is one `pread`. Beside
it stand the folder of files that images come in, and an Arrow file mapped into memory. The program
reads random images of 110 KB, the mean of ImageNet, whose bytes the system has cached; then it
opens a training set with as many entries as ImageNet's, which for a folder is to list it. Contents
are noise, as nothing decodes them. The ways take turns, so that a busy machine slows all of them
alike; figures are medians over the rounds, and ratios are to ours in the same round.

Opening is measured on entries without content, and listing on a tenth of the files, times ten. What
is listed has just been written, so the system has it cached: on a disk, or over a network, a first
listing takes longer.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa

from gensweep.trainables.datasets.encoded import (
    FORMAT,
    SPLITS,
    EncodedSplit,
    fingerprint,
    open_encoded,
)
from gensweep.trainables.datasets.image_folder import ImageFolder

IMAGES, BYTES = 2000, 110_000
READS, ROUNDS = 4000, 5
ENTRIES, CLASSES = 1_281_167, 1000
LISTED = 100  # classes
ROWS = 1000  # of an Arrow batch

Reader = Callable[[int], bytes]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gensweep-") as folder:
        reading(Path(folder))
        opening(Path(folder))


def reading(folder: Path) -> None:
    rng = np.random.default_rng(0)
    contents = [rng.bytes(BYTES) for _ in range(IMAGES)]
    write_ours(folder / "ours", BYTES, IMAGES, contents)
    write_arrow(folder / "images.arrow", contents)
    (folder / "files").mkdir()
    for n, content in enumerate(contents):
        (folder / "files" / f"{n}.jpg").write_bytes(content)
    split = EncodedSplit(folder / "ours", "train")
    batches = arrow_batches(folder / "images.arrow")
    readers: dict[str, Reader] = {
        "ours": split.read,
        "folder": lambda n: (folder / "files" / f"{n}.jpg").read_bytes(),
        "arrow": lambda n: batches[n // ROWS].column(1)[n % ROWS].as_py(),  # type: ignore[no-any-return]
    }
    assert all(read(n) == contents[n] for read in readers.values() for n in range(IMAGES))
    del contents, batches
    batches = arrow_batches(folder / "images.arrow")

    grown = dict.fromkeys(readers, 0.0)

    def read(name: str) -> float:
        before = resident()
        start = time.perf_counter()
        for n in rng.integers(IMAGES, size=READS).tolist():
            readers[name](n)
        taken = time.perf_counter() - start
        grown[name] = max(grown[name], resident() - before)
        return taken / READS

    turns = [{name: read(name) for name in readers} for _ in range(ROUNDS)]
    print(f"a random read of {BYTES / 1e3:.0f} KB, in microseconds")
    for name in readers:
        note = f"memory grew by {grown[name] / 1e6:.0f} MB of {IMAGES * BYTES / 1e6:.0f} MB"
        shown(name, turns, 1e6, note)


def opening(folder: Path) -> None:
    write_ours(folder / "large" / "imagenet", 1, ENTRIES)
    write_arrow(folder / "large.arrow", (b"." for _ in range(ENTRIES)))
    for split, kind in ((s, k) for s in ("train", "val") for k in range(LISTED)):
        (folder / "listed" / split / f"n{kind:08}").mkdir(parents=True)
        for n in range(ENTRIES // CLASSES if split == "train" else 1):
            (folder / "listed" / split / f"n{kind:08}" / f"n{kind:08}_{n}.JPEG").touch()

    def ours() -> float:
        return timed(lambda: open_encoded("imagenet", folder / "large"))

    def listed() -> float:
        return timed(lambda: ImageFolder(folder / "listed").train) * CLASSES / LISTED

    def arrow() -> float:
        def labels() -> None:
            batches = arrow_batches(folder / "large.arrow")
            np.concatenate([batch.column(0).to_numpy() for batch in batches])

        return timed(labels)

    ways = {"ours": ours, "folder": listed, "arrow": arrow}
    turns = [{name: way() for name, way in ways.items()} for _ in range(ROUNDS)]
    print(f"opening {ENTRIES:,} entries with their labels, in seconds")
    for name in ways:
        shown(name, turns, 1.0)


def shown(name: str, turns: list[dict[str, float]], unit: float, note: str = "") -> None:
    taken = median(turn[name] for turn in turns)
    ratio = median(turn[name] / turn["ours"] for turn in turns)
    print(f"  {name:8} {taken * unit:10.3f} {ratio:8.2f} x ours  {note}".rstrip())


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def resident() -> float:
    """Bytes of this process that are in memory, mapped files included."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def write_ours(folder: Path, size: int, count: int, contents: list[bytes] | None = None) -> None:
    """The files of a prepared dataset, whose splits are alike. Without contents, of holes."""
    folder.mkdir(parents=True)
    for split in SPLITS:
        with (folder / f"{split}_images.bin").open("wb") as file:
            file.writelines(contents or [])
            file.truncate(size * count)
        starts = np.arange(count, dtype=np.int64) * size
        np.save(folder / f"{split}_spans.npy", np.stack([starts, np.full(count, size)], axis=1))
        np.save(folder / f"{split}_labels.npy", np.arange(count) % CLASSES)
        names = [f"n{n % CLASSES:08}_{n}.JPEG" for n in range(count)]
        (folder / f"{split}_names.json").write_text(json.dumps(names), "utf-8")
        if contents:
            return
    files = {file.name: fingerprint(file) for file in sorted(folder.iterdir())}
    about = {"format": FORMAT, "classes": [], "digest": "", "files": files}
    (folder / "dataset.json").write_text(json.dumps(about), "utf-8")


def write_arrow(path: Path, contents: Iterator[bytes] | list[bytes]) -> None:
    schema = pa.schema([("label", pa.int64()), ("image", pa.large_binary())])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        rows: list[bytes] = []
        for content in contents:
            rows.append(content)
            if len(rows) == ROWS:
                writer.write_batch(arrow_batch(rows, schema))
                rows = []
        if rows:
            writer.write_batch(arrow_batch(rows, schema))


def arrow_batch(rows: list[bytes], schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([pa.array(range(len(rows))), pa.array(rows, pa.large_binary())], schema)


def arrow_batches(path: Path) -> list[pa.RecordBatch]:
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    return [reader.get_batch(n) for n in range(reader.num_record_batches)]


if __name__ == "__main__":
    main()
