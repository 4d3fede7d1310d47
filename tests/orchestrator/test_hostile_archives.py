"""What is brought as a dataset runs nothing, writes nothing, and takes no more than one does."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gensweep.trainables.datasets.cifar10 import _NAMES
from gensweep.trainables.unpickling import unpickle

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "hostile_archives.py"
ROWS = np.arange(2 * 3072, dtype=np.uint8).reshape(2, 3072)


def test_every_hostile_archive_is_refused_in_a_line() -> None:
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = dict(re.findall(r"^ *([a-z ]+): (\d+)$", done.stdout, re.MULTILINE))
    assert int(counts.pop("refused")) >= 50
    assert set(counts.values()) == {"0"}


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("package", [b"numpy._core", b"numpy.core"])
def test_a_batch_of_any_python_and_numpy_is_read(protocol: int, package: bytes) -> None:
    text = pickle.dumps({b"data": ROWS, b"labels": [3, 9]}, protocol)
    if protocol < 4:  # with 4, the length of a name stands before it
        text = text.replace(b"numpy._core", package)
    batch: Any = unpickle(text, _NAMES, "a batch", encoding="bytes")
    np.testing.assert_array_equal(batch[b"data"].rows, ROWS)
    assert batch[b"labels"] == [3, 9]


def test_a_batch_of_python_2_is_read() -> None:
    rows = ROWS.tobytes()
    batch: Any = unpickle(
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
        b"q\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\nq\x06U\x02u1K\x00"
        b"K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + len(rows).to_bytes(4, "little")
        + rows
        + b"tbU\x06labelsq\x08]q\x09(K\x03K\x09eu.",
        _NAMES,
        "a batch",
        encoding="bytes",
    )
    np.testing.assert_array_equal(batch[b"data"].rows, ROWS)
    assert batch[b"labels"] == [3, 9]


@pytest.mark.parametrize(("module", "name"), [("numpy.testing", "dtype"), ("os", "system")])
def test_only_exact_names_are_taken_from_a_pickle(module: str, name: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=f"{module}.{name} has no place in a batch"):
        unpickle(f"c{module}\n{name}\n.".encode(), _NAMES, "a batch")


def test_a_pickle_cannot_ask_for_more_memory_than_it_has_bytes() -> None:
    with pytest.raises(pickle.UnpicklingError, match="numbers more values than it has"):
        unpickle(b"Nr\xff\xff\xff\xff.", {}, "it")
