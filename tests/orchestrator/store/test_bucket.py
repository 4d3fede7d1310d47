"""What holds of buckets in particular: objects are whole, whoever reads, writes or is stopped."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pyarrow as pa
import pytest

from gensweep.orchestrator.store import bucket as buckets
from gensweep.orchestrator.store.bucket import BucketPath, upload
from gensweep.orchestrator.store.location import locate


def test_a_reader_never_sees_half_an_object_nor_two_halves(bucket: BucketPath) -> None:
    path, done = bucket / "a", threading.Event()
    contents = [bytes([65 + n]) * 2 ** (10 + n) for n in range(8)]
    path.write_bytes(contents[0])

    def replace_it() -> None:
        for number in range(80):
            path.write_bytes(contents[(number * 5) % 8])
        done.set()

    def read(how: Callable[[], bytes]) -> set[bytes]:
        seen = set()
        while not done.is_set():
            seen.add(how())
        return seen

    def through_open() -> bytes:
        with path.open("rb") as file:
            return bytes(file.read())

    with ThreadPoolExecutor(5) as pool:
        seen = [pool.submit(read, how) for how in [path.read_bytes, through_open] * 2]
        pool.submit(replace_it).result()
        assert all(future.result() <= set(contents) for future in seen)
        assert len(set().union(*(future.result() for future in seen))) > 1


def test_an_object_that_changes_all_the_time_is_given_up(
    bucket: BucketPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bucket / "a").write_bytes(b"content")
    monkeypatch.setattr(buckets, "headers", lambda file: {"etag": next(tags)})
    tags = map(str, count())
    with pytest.raises(OSError, match="replaced faster than it can be read"):
        (bucket / "a").read_bytes()


@pytest.mark.parametrize("megabytes", [1, 12])
def test_an_upload_is_published_at_its_end_and_not_before(
    bucket: BucketPath, megabytes: int
) -> None:
    path, content = bucket / "a", os.urandom(megabytes << 20)
    with upload(path) as file:
        file.write(content)
        file.seek(0)
        file.write(content[:7])
        assert list(bucket.iterdir()) == []
    assert path.read_bytes() == content
    with upload(path) as file:
        pass
    assert path.read_bytes() == b""


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("megabytes", [1, 12])
def test_an_upload_that_is_broken_off_leaves_the_old_object(
    bucket: BucketPath, error: type[BaseException], megabytes: int
) -> None:
    (bucket / "a").write_bytes(b"old")

    def break_off() -> None:
        with upload(bucket / "a") as file:
            file.write(bytes(megabytes << 20))
            raise error

    with pytest.raises(error):
        break_off()
    assert (bucket / "a").read_bytes() == b"old"
    assert list(bucket.iterdir()) == [bucket / "a"]


def test_ctrl_c_never_leaves_half_an_object(
    bucket: BucketPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupting:
        def __init__(self, *which: str) -> None:
            self.files = file_system(*which)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.files, name)

        def open_output_stream(self, address: str) -> pa.NativeFile:
            stream = self.files.open_output_stream(address)
            signal.raise_signal(signal.SIGINT)
            return stream

    (bucket / "a").write_bytes(b"old")
    file_system = buckets.file_system
    monkeypatch.setattr(buckets, "file_system", Interrupting)

    def write() -> None:
        (bucket / "a").write_bytes(b"new")
        time.sleep(1.0)  # on a busy machine the signal may arrive after the object

    with pytest.raises(KeyboardInterrupt):
        write()
    assert (bucket / "a").read_bytes() == b"new"


def test_a_copy_in_another_process_reads_and_writes_and_says_nothing(bucket: BucketPath) -> None:
    secret = "s3ky/+%r"
    uri = str(bucket).replace("s3://", "s3://somebody:s3ky%2F%2B%25r@")
    path = locate(uri)
    script = (
        "import pickle, sys; path = pickle.load(sys.stdin.buffer)\n"
        "(path / 'b').write_bytes((path / 'a').read_bytes())\n"
        "print(repr(path), path, vars(path)['_credentials'])"
    )
    (path / "a").write_bytes(b"content")
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(path),
        env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    assert (bucket / "b").read_bytes() == b"content"
    shown = done.stdout.decode()
    assert shown == f"{path!r} {path} somebody:s3ky%2F%2B%25r@\n"
    assert secret not in shown
