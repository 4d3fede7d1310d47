"""Hostile archives of datasets: `python benchmarks/hostile_archives.py [--only NAME]`.

Claim: `gensweep data prepare NAME --from PATH` refuses each in a line, with code 3, within 5 s and
in little memory; it runs and imports nothing of theirs, and writes nothing anywhere. Prints a line
per archive, with its reason if --reasons, and the counts of what must not happen. Exits with 1 if
any did.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import lzma
import os
import pickle
import resource
import struct
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from trying import FAULTS, tried

from gensweep.cli.codes import Exit
from gensweep.cli.data import prepare

LONGEST = 5.0  # seconds
MOST_MEGABYTES = 1500  # more than before; the genuine CIFAR-10 takes 500
BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
ROWS = np.zeros((100, 3072), np.uint8)
BAD = ("accepted", "tracebacks", "mistakes", "wrong errors", "hangs", "written outside", "imported")
Make = Callable[[Path], None]


def batch(data: Any = ROWS, labels: Any = (0,) * 100) -> bytes:
    return pickle.dumps({b"data": data, b"labels": list(labels)}, protocol=2)


def header(
    name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, **about: Any
) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    for key, value in about.items():
        setattr(member, key, value)
    return member


def packed(*members: tuple[tarfile.TarInfo, bytes], level: int = 1) -> Make:
    """A tar.gz with these members, whatever their headers say."""

    def make(source: Path) -> None:
        with gzip.open(source / "cifar-10-python.tar.gz", "wb", compresslevel=level) as file:
            for member, content in members:
                file.write(member.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape"))
                file.write(content + bytes(-len(content) % 512))
            file.write(bytes(1024))

    return make


def batches(content: bytes, folder: str = "cifar-10-batches-py/", **about: Any) -> Make:
    """An archive in which every batch is this."""
    members = [(header(folder + name, len(content), **about), content) for name in BATCHES]
    return packed(*members)


def bomb(member: tarfile.TarInfo, gigabytes: int = 6) -> Make:
    def make(source: Path) -> None:
        with gzip.open(source / "a.tar.gz", "wb", compresslevel=9) as file:
            file.write(member.tobuf(tarfile.GNU_FORMAT))
        # A gzip file may have several members, and a piece of zeros is the same every time.
        piece = gzip.compress(bytes(64_000_000), 1)
        with (source / "a.tar.gz").open("ab") as file:
            for _ in range(gigabytes * 16):
                file.write(piece)

    return make


def folder(content: bytes | None, change: Callable[[Path], None] = lambda inner: None) -> Make:
    def make(source: Path) -> None:
        inner = source / "cifar-10-batches-py"
        inner.mkdir()
        for name in BATCHES:
            if content is not None:
                (inner / name).write_bytes(content)
        change(inner)

    return make


def link(target: str) -> Callable[[Path], None]:
    def change(inner: Path) -> None:
        (inner / "test_batch").unlink(missing_ok=True)
        (inner / "test_batch").symlink_to(target)

    return change


def fifo(inner: Path) -> None:
    (inner / "data_batch_1").unlink()
    os.mkfifo(inner / "data_batch_1")


def sparse(inner: Path) -> None:
    os.truncate(inner / "data_batch_1", 1 << 40)


def written(name: str, content: bytes) -> Make:
    return lambda source: (source / name).write_bytes(content) and None


def reduce(code: str) -> bytes:
    return (
        b"}(B\x04\x00\x00\x00data" + code.encode("latin-1") + b"B\x06\x00\x00\x00labels](K\x00eu."
    )


def png(size: tuple[int, int] = (32, 32), mode: str = "RGB", kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind)
    return file.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A few bytes that say that they are so many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    about = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", about) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def parquet(image: bytes | None, rows: int = 10, label: Any = 0, column: str = "img") -> Make:
    def make(source: Path) -> None:
        cells = pa.array([{"bytes": image, "path": None}] * min(rows, 1000))
        part = pa.table({column: cells, "label": [label] * len(cells)})
        for split in ("train", "test"):
            with pq.ParquetWriter(source / f"{split}-0.parquet", part.schema) as writer:
                for _ in range(max(1, rows // 1000)):
                    writer.write_table(part)

    return make


def idx(kind: int, shape: tuple[int, ...], content: bytes) -> bytes:
    return (
        struct.pack(">HBB", 0, kind, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + content
    )


def mnist(
    images: bytes, labels: bytes, change: Callable[[Path], None] = lambda inner: None
) -> Make:
    def make(source: Path) -> None:
        for prefix in ("train", "t10k"):
            (source / f"{prefix}-images-idx3-ubyte").write_bytes(images)
            (source / f"{prefix}-labels-idx1-ubyte").write_bytes(labels)
        change(source)

    return make


def mnist_link(inner: Path) -> None:
    (inner / "train-images-idx3-ubyte").unlink()
    (inner / "train-images-idx3-ubyte").symlink_to("/dev/zero")


def mnist_sparse(inner: Path) -> None:
    os.truncate(inner / "train-images-idx3-ubyte", 1 << 40)


def negative(source: Path) -> None:
    """A member of negative size, over which Python's reader goes round in circles."""
    block = bytearray(header("cifar-10-batches-py/data_batch_1").tobuf())
    block[124:136] = b"\xff" * 10 + b"\xfe\x00"
    block[148:156] = b"%06o\0 " % (256 + sum(block[:148]) + sum(block[156:512]))
    (source / "cifar-10-python.tar").write_bytes(bytes(block) + bytes(2048))


def zipped(source: Path) -> None:
    with zipfile.ZipFile(source / "cifar-10-python.zip", "w") as archive:
        archive.writestr("../../outside/canary", "changed")


def npz(source: Path) -> None:
    np.savez(source / "test_batch", data=ROWS)
    (source / "test_batch.npz").rename(source / "test_batch")


def attacks(canary: Path) -> Iterator[tuple[str, str, Make]]:
    """(name, dataset, what makes it in an empty folder)."""
    run = f"cos\nsystem\n(S'echo > {canary}'\ntR"
    code = {
        "os.system": run,
        "posix.system": run.replace("cos", "cposix"),
        "builtins.eval": "cbuiltins\neval\n(S'open(1)'\ntR",
        "builtins.exit": "cbuiltins\nexit\n(tR",
        "sys.exit": "csys\nexit\n(I0\ntR",
        "numpy.f2py": "cnumpy.f2py.__main__\n_reconstruct\n(tR",
        "numpy.dtype.dtype": "cnumpy.testing\ndtype\n(tR",
        "getattr": "cbuiltins\ngetattr\n(cnumpy\nndarray\nS'tofile'\ntR",
        "_codecs.decode": "c_codecs\ndecode\n(S'a'\nS'hex'\ntR",
        "codecs.encode": "c_codecs\nencode\n(S'a'\nS'zlib'\ntR",
        "object array": "cnumpy\nndarray\n((I1000000000\nI1000\ntcnumpy\ndtype\n(S'O8'\ntRtR",
        "huge array": "cnumpy\nndarray\n((I1000000000\nI1000000000\ntS'u1'\ntR",
        "build": "cnumpy\ndtype\n(S'u1'\ntR}S'__class__'\nI1\nsb",
        "persistent": "Pwhatever\n",
        "extension": "\x82\x01",
        "memo": "Nr\xff\xff\xff\xff",
    }
    for name, text in code.items():
        yield f"pickle: {name}", "cifar10", batches(reduce(text))
    yield "pickle: folder", "cifar10", folder(reduce(run))
    yield "pickle: recursion", "cifar10", batches(b"(" * 1_000_000 + b".")
    yield "pickle: laughs", "cifar10", batches(b"](K\x01e" + b"q\x01](h\x01h\x01e" * 60 + b".")
    yield "pickle: text", "cifar10", batches(b"}(X\xff\xff\xff\x7f.")
    yield "pickle: bytes", "cifar10", batches(b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.")
    yield "pickle: frame", "cifar10", batches(b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f.")
    yield "pickle: empty", "cifar10", batches(b"")
    yield "pickle: list", "cifar10", batches(pickle.dumps([1, 2]))
    yield "pickle: no labels", "cifar10", batches(pickle.dumps({b"data": ROWS}))
    yield "batch: wrong count", "cifar10", batches(batch(labels=[0]))
    yield "batch: floats", "cifar10", batches(batch(ROWS.astype(float)))
    yield "batch: other width", "cifar10", batches(batch(ROWS[:, :100]))
    yield "batch: three dimensions", "cifar10", batches(batch(ROWS.reshape(10, 10, 3072)))
    yield "batch: labels of text", "cifar10", batches(batch(labels=["a"] * 100))
    yield "batch: huge labels", "cifar10", batches(batch(labels=[10**30] * 100))
    yield "batch: labels nested", "cifar10", batches(batch(labels=[[[]]] * 100))
    yield "batch: not official", "cifar10", batches(batch())
    yield "tar: bomb", "cifar10", bomb(header("x/data_batch_1", 6 << 30))
    yield "tar: bomb beside", "cifar10", bomb(header("readme.html", 6 << 30))
    yield "tar: bomb of a header", "cifar10", bomb(header("a", 6 << 30, tarfile.XHDTYPE))
    yield "tar: bomb of a name", "cifar10", bomb(header("a", 6 << 30, tarfile.GNUTYPE_LONGNAME))
    yield (
        "tar: digits in a header",
        "cifar10",
        packed((header("a", 2_000_000, tarfile.XHDTYPE), b"1" * 2_000_000)),
    )
    yield "tar: negative size", "cifar10", negative
    yield "tar: many members", "cifar10", packed(*[(header("a"), b"")] * 100_000)
    yield "tar: cut", "cifar10", written("a.tar.gz", gzip.compress(header("a", 9).tobuf())[:-9])
    yield "tar: text", "cifar10", written("cifar-10-python.tar.gz", b"not an archive")
    yield "tar: empty", "cifar10", written("cifar-10-python.tar.gz", gzip.compress(b""))
    yield "tar: bz2 bomb", "cifar10", written("a.tar.bz2", bz2.compress(bytes(200_000_000), 9))
    yield (
        "tar: xz bomb",
        "cifar10",
        written("a.tar.xz", lzma.compress(bytes(100_000_000), preset=0)),
    )
    for name in ("../../outside/", "/tmp/", "a/../../", "./../"):
        yield f"tar: names in {name}", "cifar10", batches(reduce(run), name)
    for kind, label in (
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
    ):
        members = [(header(name, 0, kind, linkname="/etc/passwd"), b"") for name in BATCHES]
        yield f"tar: {label}", "cifar10", packed(*members)
    yield "folder: link to a device", "cifar10", folder(batch(), link("/dev/zero"))
    yield "folder: link to a secret", "cifar10", folder(batch(), link("/etc/passwd"))
    yield "folder: link to itself", "cifar10", folder(batch(), link("test_batch"))
    yield "folder: pipe", "cifar10", folder(batch(), fifo)
    yield "folder: a terabyte of nothing", "cifar10", folder(batch(), sparse)
    yield "folder: folders", "cifar10", lambda source: (source / "test_batch").mkdir()
    yield "zip", "cifar10", zipped
    yield "npz", "cifar10", npz
    yield "parquet: pixels", "cifar10", parquet(png_bomb(30_000, 30_000))
    yield "parquet: more pixels", "cifar10", parquet(png_bomb(2_000_000_000, 2_000_000_000))
    yield "parquet: few pixels", "cifar10", parquet(png_bomb(32, 32)[:-30])
    yield "parquet: other size", "cifar10", parquet(png((33, 32)))
    yield "parquet: other format", "cifar10", parquet(png(kind="GIF"))
    yield (
        "parquet: postscript",
        "cifar10",
        parquet(b"%!PS-Adobe-3.0 EPSF-3.0\n"),
    )
    yield "parquet: text", "cifar10", parquet(b"not an image")
    yield "parquet: no images", "cifar10", parquet(None)
    yield "parquet: other column", "cifar10", parquet(png(), column="picture")
    yield "parquet: labels of text", "cifar10", parquet(png(), label="a")
    yield "parquet: no labels", "cifar10", parquet(png(), label=None)
    yield "parquet: large cells", "cifar10", parquet(bytes(10_000_000))
    yield "parquet: too many rows", "cifar10", parquet(png(), rows=200_000)
    yield "parquet: damaged", "cifar10", written("train-0.parquet", b"PAR1" + bytes(90) + b"PAR1")
    yield "mnist: huge sizes", "mnist", mnist(idx(8, (2**32 - 1,) * 3, b""), idx(8, (2**31,), b""))
    yield "mnist: seven dimensions", "mnist", mnist(idx(8, (1,) * 7, b"\0"), idx(8, (1,), b"\0"))
    yield "mnist: floats", "mnist", mnist(idx(14, (1, 28, 28), bytes(6272)), idx(8, (1,), b"\0"))
    yield "mnist: unknown type", "mnist", mnist(idx(77, (1, 28, 28), bytes(784)), b"")
    yield "mnist: empty", "mnist", mnist(b"", b"")
    yield "mnist: one image", "mnist", mnist(idx(8, (1, 28, 28), bytes(784)), idx(8, (1,), b"\0"))
    yield "mnist: link to a device", "mnist", mnist(b"", b"", mnist_link)
    yield "mnist: a terabyte of nothing", "mnist", mnist(b"", b"", mnist_sparse)


def outcome(dataset: str, source: Path, data: Path) -> tuple[str, str]:
    """What `gensweep data prepare` makes of it, and what it says about it."""
    files = [path for path in source.iterdir() if path.name.startswith(("cifar", "a."))]
    given = files[0] if len(files) == 1 and files[0].is_file() else source
    found, said = tried(lambda: prepare(dataset, given, data), LONGEST)
    if found in FAULTS:
        return str(found), said
    if found == Exit.OK:
        return "accepted", said
    one = said.startswith("gensweep: error: ") and said.count("\n") == 1 and len(said) < 1000
    return ("refused" if found == Exit.UNUSABLE and one else "wrong errors"), said


def tree(place: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="the start of the names of those to try")
    parser.add_argument("--reasons", action="store_true")
    arguments = parser.parse_args()
    import_module("torchvision.datasets")  # takes seconds, whatever is read
    counts = Counter(dict.fromkeys(("refused", *BAD), 0))
    with tempfile.TemporaryDirectory() as place:
        outside = Path(place, "outside")
        outside.mkdir()
        (outside / "canary").write_text("sings", encoding="utf-8")
        before, memory = tree(outside), 0
        for number, (name, dataset, make) in enumerate(attacks(outside / "ran")):
            if not name.startswith(arguments.only):
                continue
            source = Path(place, str(number))
            source.mkdir()
            make(source)
            modules, highest, started = {*sys.modules}, megabytes(), time.monotonic()
            kind, said = outcome(dataset, source, Path(place, "data"))
            seconds = time.monotonic() - started
            if any(new.startswith("numpy.f2py") for new in {*sys.modules} - modules):
                kind = "imported"
            if tree(outside) != before or Path(place, "data").exists():
                kind = "written outside"
            memory = max(memory, megabytes() - highest if number else 0)
            counts[kind] += 1
            print(f"{kind:>12} {seconds:5.1f} s {megabytes():5} MB  {name}")
            if kind in BAD or arguments.reasons:
                print(said, file=sys.stderr)
            for path in source.rglob("*.gz"):
                path.unlink()
    print(f"{sum(counts.values())} hostile archives; {memory} MB more memory at most for one")
    for kind, count in counts.items():
        print(f"{kind:>16}: {count}")
    return 1 if any(counts[kind] for kind in BAD) or memory > MOST_MEGABYTES else 0


if __name__ == "__main__":
    sys.exit(main())
