"""Packs encoded images into the files of `encoded`, and goes on where it was interrupted.

Images may arrive in any order: the index has the dataset's, which is by class and by name.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from gensweep.trainables.datasets.decoding import check
from gensweep.trainables.datasets.encoded import FORMAT, SPLITS, fingerprint, order_of
from gensweep.trainables.datasets.folders import check_room, is_part, place_of, put_in_place
from gensweep.trainables.datasets.pictures import Picture, Pictures
from gensweep.trainables.errors import DataError

ABOUT, ORIGIN = "dataset.json", "origin"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_AHEAD = 64  # images that are checked while the next ones are read
_TOLD = 3  # broken images that are named


class _Line(NamedTuple):
    """What the journal keeps of an image."""

    kind: str
    name: str
    size: int
    digest: str
    broken: str


def pack(
    pictures: Pictures, data_dir: Path, tell: Callable[[str], None], again: bool = True
) -> Path:
    """Write the dataset below `data_dir`, replacing an earlier one; return its folder.

    again: also where one is there, which another process may just have put there.

    The folder appears complete or not at all. An interruption leaves what is packed in a hidden
    folder, from which the next call goes on. `tell` hears how far it is, in words.

    Raises DataError for images that cannot be decoded, classes that differ between the splits, too
    few classes, other counts than expected, a disk that is too small, and other files where the
    dataset is to be.
    """
    target = place_of(pictures.name, data_dir)
    with _alone(data_dir / f".{pictures.name}.lock", pictures.name):
        if again or not (target / ABOUT).exists():
            _pack(pictures, data_dir, tell)
    return target


@contextmanager
def _alone(lock: Path, name: str) -> Iterator[None]:
    """Hold the lock. Raises DataError where another process does."""
    with lock.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = "is being prepared by another process"
            raise DataError(f"dataset {name}", what, todo="wait for it") from None
        yield


def _pack(pictures: Pictures, data_dir: Path, tell: Callable[[str], None]) -> None:
    folder = data_dir / f".{pictures.name}-arriving"
    if not _is_of(folder, pictures.origin):
        shutil.rmtree(folder, ignore_errors=True)
        check_room(pictures.name, pictures.size, data_dir)
        folder.mkdir()
        (folder / ORIGIN).write_text(pictures.origin, "utf-8")
    try:
        if not (folder / ABOUT).exists():  # else it was interrupted at its very end
            lines = {}
            for split in SPLITS:
                lines[split] = _arrive(getattr(pictures, split), folder, split, tell)
            _check(pictures, lines)
            _index(pictures, folder, lines)
    except KeyboardInterrupt:
        raise
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        if error.errno not in _FULL:
            raise
        todo = "free some space, or name another folder with --data"
        raise DataError(str(data_dir), f"cannot hold it ({error.strerror})", todo=todo) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for split in SPLITS:
        (folder / f"{split}.journal").unlink(missing_ok=True)
    (folder / ORIGIN).unlink(missing_ok=True)
    put_in_place(folder, data_dir / pictures.name)


def _is_of(folder: Path, origin: str) -> bool:
    """Whether what an interruption left is of this source."""
    try:
        if (folder / ABOUT).exists():
            return bool(json.loads((folder / ABOUT).read_bytes())["origin"] == origin)
        return (folder / ORIGIN).read_bytes() == origin.encode()
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _arrive(
    pictures: Iterable[Picture], folder: Path, split: str, tell: Callable[[str], None]
) -> list[_Line]:
    """Append what is not there yet; return what is known of all images, as they arrived."""
    images, journal = folder / f"{split}_images.bin", folder / f"{split}.journal"
    lines = _whole(images, journal)
    with images.open("ab") as file, journal.open("a", encoding="utf-8") as notes:
        for line, content in _checked(islice(pictures, len(lines), None)):
            # The image first: what the journal has is there.
            file.write(content)
            lines.append(line)
            notes.write(json.dumps(line) + "\n")
            if len(lines) % 1000 == 0:
                _keep(file, notes)
                tell(f"{len(lines):,} {split} images")
        _keep(file, notes)
    return lines


def _keep(file: BinaryIO, notes: io.TextIOBase) -> None:
    file.flush()
    os.fsync(file.fileno())
    notes.flush()


def _whole(images: Path, journal: Path) -> list[_Line]:
    """The lines of images that were written wholly, to which both files are cut."""
    images.touch()
    journal.touch()
    lines: list[_Line] = []
    there, end, kept = images.stat().st_size, 0, 0
    with journal.open("rb") as file:
        for text in file:
            try:
                line = _Line(*json.loads(text))
            except (ValueError, TypeError):  # what a crash left
                break
            if not text.endswith(b"\n") or end + line.size > there:
                break
            lines.append(line)
            end, kept = end + line.size, kept + len(text)
    os.truncate(images, end)
    os.truncate(journal, kept)
    return lines


def _checked(pictures: Iterator[Picture]) -> Iterator[tuple[_Line, bytes]]:
    """The images in order, each with what is to be kept of it; several are checked at a time."""
    workers = os.cpu_count() or 1
    waiting: deque[tuple[Future[_Line], bytes]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for picture in pictures:
                waiting.append((pool.submit(_line, picture), picture.content))
                if len(waiting) > _AHEAD:
                    future, content = waiting.popleft()
                    yield future.result(), content
            for future, content in waiting:
                yield future.result(), content
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _line(picture: Picture) -> _Line:
    kind, name, content = picture
    broken = ""
    try:
        check(content)
    except ValueError as error:
        broken = str(error) or "it cannot be decoded"
    return _Line(kind, name, len(content), hashlib.sha256(content).hexdigest(), broken)


def _check(pictures: Pictures, lines: dict[str, list[_Line]]) -> None:
    where = f"dataset {pictures.name}"
    every = [line for split in SPLITS for line in lines[split]]
    if broken := [line for line in every if line.broken]:
        named = ", ".join(f"{line.kind}/{line.name} ({line.broken})" for line in broken[:_TOLD])
        more = f" and {len(broken) - _TOLD} more" if len(broken) > _TOLD else ""
        what = f"{len(broken)} of {len(every):,} images cannot be decoded: {named}{more}"
        raise DataError(where, what, todo="replace or remove them, and prepare it again")
    for split in SPLITS:
        if not lines[split]:
            raise DataError(where, f"there are no {split} images")
        names = [(line.kind, line.name) for line in lines[split]]
        if len(set(names)) < len(names):
            raise DataError(where, f"two {split} images have one name")
    train, test = ({line.kind for line in lines[split]} for split in SPLITS)
    if odd := sorted(train ^ test):
        has, lacks = SPLITS if odd[0] in train else SPLITS[::-1]
        what = f"class {odd[0]} has {has} images and no {lacks} images"
        raise DataError(where, what, "the same classes in both")
    if len(train) < 2:
        raise DataError(where, f"has one class, {train.pop()}", "at least 2 classes")
    found = len(lines["train"]), len(lines["test"]), len(train)
    if pictures.counts and found != pictures.counts:
        words = "{:,} training and {:,} test images of {:,} classes"
        raise DataError(where, "has " + words.format(*found), words.format(*pictures.counts))


def _index(pictures: Pictures, folder: Path, lines: dict[str, list[_Line]]) -> None:
    classes = sorted({line.kind for line in lines["train"]})
    labels_of = {kind: label for label, kind in enumerate(classes)}
    digests = []
    for split in SPLITS:
        arrived = lines[split]
        sizes = np.array([line.size for line in arrived], np.int64)
        ends = np.cumsum(sizes)
        spans = np.stack([np.r_[0, ends[:-1]], sizes], axis=1)
        order = sorted(range(len(arrived)), key=lambda i: (arrived[i].kind, arrived[i].name))
        labels = np.array([labels_of[arrived[i].kind] for i in order], np.int64)
        names = [arrived[i].name for i in order]
        np.save(folder / f"{split}_spans.npy", spans[order])
        np.save(folder / f"{split}_labels.npy", labels)
        (folder / f"{split}_names.json").write_text(json.dumps(names), "utf-8")
        digests.append(order_of(labels, names, [bytes.fromhex(arrived[i].digest) for i in order]))
    about = {
        "format": FORMAT,
        "name": pictures.name,
        "view": pictures.view,
        "origin": pictures.origin,
        "train": len(lines["train"]),
        "test": len(lines["test"]),
        "digest": hashlib.sha256("".join(digests).encode()).hexdigest(),
        "classes": classes,
        "files": {
            file.name: fingerprint(file) for file in sorted(filter(is_part, folder.iterdir()))
        },
    }
    fresh = folder / f"{ABOUT}.new"
    fresh.write_text(json.dumps(about) + "\n", "utf-8")
    fresh.replace(folder / ABOUT)  # last, as it says that all is there
