"""A place in a bucket is used as a place on a disk is, and keeps its promises."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.store import bucket as buckets
from orchestrator.store import s3
from orchestrator.store.bucket import BucketPath, upload
from orchestrator.store.errors import StoreError
from orchestrator.store.location import Location, locate


@pytest.fixture(params=["disk", "bucket", "prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """An empty folder."""
    if request.param == "disk":
        return tmp_path
    whole: BucketPath = request.getfixturevalue("bucket")
    return whole if request.param == "bucket" else whole / "some prefix/of+it"


# What a Path and a BucketPath both do.


def test_names_are_taken_apart_and_put_together_alike(place: Location) -> None:
    path = place / "live" / "a-1.parquet"
    assert (path.name, path.stem, path.suffix) == ("a-1.parquet", "a-1", ".parquet")
    assert path.parent == place / "live"
    assert path.parent.parent == place
    assert path.with_name("b") == place / "live/b"
    assert place / "live/./" / "a-1.parquet" == path == path.absolute()
    assert len({path, place / "live/a-1.parquet", path.parent}) == 2
    assert sorted([place / "c", place / "a", place / "b"]) == [place / n for n in "abc"]
    assert pickle.loads(pickle.dumps(path)) == path


def test_what_is_written_is_there_at_once_and_can_be_replaced(place: Location) -> None:
    path = place / "a"
    assert path.write_bytes(b"first") == 5
    assert path.exists()
    assert path.is_file()
    assert not path.is_dir()
    assert list(place.iterdir()) == [path]
    assert path.read_bytes() == b"first"
    path.write_bytes(b"")
    assert path.read_bytes() == b""
    path.write_bytes("zwölf".encode())
    assert path.read_text(encoding="utf-8") == "zwölf"


@pytest.mark.parametrize("name", ["a b", "ü", "a%20b", "a+b", "a#b", "a?b", "a&b=c", "'a'", "[a]"])
def test_any_name_will_do(place: Location, name: str) -> None:
    path = place / name
    path.write_bytes(name.encode())
    assert [found.name for found in place.iterdir()] == [name]
    assert path.read_bytes() == name.encode()
    path.unlink()
    assert not path.exists()


@pytest.mark.parametrize(
    "use",
    [
        lambda path: path.read_bytes(),
        lambda path: path.read_text(),
        lambda path: path.open("rb"),
        lambda path: path.stat(),
        lambda path: path.unlink(),
        lambda path: path.replace(path.with_name("b")),
    ],
)
def test_what_is_not_there_is_said_to_be_missing(
    place: Location, use: Callable[[Location], Any]
) -> None:
    path = place / "a"
    assert not path.exists()
    with pytest.raises(FileNotFoundError) as caught:
        use(path)
    assert caught.value.strerror == "No such file or directory"
    assert caught.value.filename == (path if isinstance(path, Path) else str(path)) or str(path)
    path.unlink(missing_ok=True)


def test_a_folder_is_there_while_it_has_something_in_it(place: Location) -> None:
    assert not (place / "live").exists()
    assert list((place / "live").glob("*")) == []
    (place / "live").mkdir(parents=True, exist_ok=True)
    assert list((place / "live").iterdir()) == []
    (place / "live" / "a").write_bytes(b"")
    assert (place / "live").is_dir()
    assert (place / "live").exists()
    assert not (place / "live").is_file()
    assert not (place / "liv").exists()
    assert list(place.iterdir()) == [place / "live"]


def test_a_pattern_finds_the_names_of_one_level(place: Location) -> None:
    names = ["a.parquet", "b.parquet", ".b.parquet", "B.PARQUET", "c.json", "inner/d.parquet"]
    (place / "inner").mkdir(parents=True)
    for name in names:
        (place / name).write_bytes(b"")
    found = {path.name for path in place.glob("*.parquet")}
    assert found == {"a.parquet", "b.parquet", ".b.parquet"}
    assert {path.name for path in place.glob("*")} == {n.split("/")[0] for n in names}
    assert {path.name for path in place.glob("[ac].*")} == {"a.parquet", "c.json"}


def test_more_than_a_page_of_names_is_listed(bucket: BucketPath) -> None:
    names = {f"{number:04}" for number in range(1010)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: (bucket / name).write_bytes(b""), names))
    assert {path.name for path in bucket.iterdir()} == names


def test_a_file_moves_over_another(place: Location) -> None:
    (place / "a").write_bytes(b"a")
    (place / "inner").mkdir()
    (place / "inner/b").write_bytes(b"b")
    (place / "a").replace(place / "inner/b")  # type: ignore[arg-type]
    assert (place / "inner/b").read_bytes() == b"a"
    assert not (place / "a").exists()


def test_a_replaced_file_is_told_from_the_old_one_even_within_a_second(place: Location) -> None:
    def stamps() -> tuple[int, int]:
        status = (place / "a").stat()
        assert status.st_size == 3
        assert abs(status.st_mtime - time.time()) < 5
        return status.st_ino, status.st_mtime_ns

    (place / "a").write_bytes(b"old")
    old = stamps()
    assert stamps() == old
    (place / "b").write_bytes(b"new")
    (place / "b").replace(place / "a")  # type: ignore[arg-type]
    assert stamps() != old


@pytest.mark.parametrize("rows", [3, 600_000])
def test_parquet_is_read_from_an_open_file(place: Location, rows: int) -> None:
    table = pa.table({"x": range(rows), "y": range(rows)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="none", use_dictionary=False)
    (place / "a.parquet").write_bytes(sink.getvalue().to_pybytes())
    with (place / "a.parquet").open("rb") as file:
        assert pq.ParquetFile(file).read().equals(table)
    assert len((place / "a.parquet").read_bytes()) == sink.getvalue().size


# What holds of buckets in particular.


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


def test_credentials_in_the_uri_are_used_and_never_shown(bucket: BucketPath) -> None:
    secrets = ["somebody", "s3cr3t", "%2F", "@"]
    path = locate(str(bucket).replace("s3://", "s3://somebody:s3cr3t%2F@")) / "a"
    assert path == bucket / "a"
    shown = [str(path), repr(path), f"{path}", path.as_uri(), f"{[path]}"]
    with pytest.raises(FileNotFoundError) as caught:
        path.read_bytes()
    shown += [str(caught.value), str(caught.value.filename)]
    assert not [(secret, text) for secret in secrets for text in shown if secret in text]
    assert locate(str(path)) == path


@pytest.mark.parametrize(
    "uri",
    [
        "s3://KEYID:se/cret@bucket/a",
        "s3://KEYID:se?cret@bucket/a",
        "s3://KEYID:secret@/a",
        "s3://KEYID:secret@[bucket/a",
        "s3://KEYID:secret@bucket/../a",
        "s3://KEYID:secret@bucket/a?nope=1",
        "s3://KEYID:secret@bucket/a?scheme=ftp",
        "https://KEYID:secret@bucket/a",
    ],
)
def test_a_wrong_uri_is_refused_without_showing_credentials(uri: str) -> None:
    with pytest.raises(StoreError) as caught:
        locate(uri)
    assert not [part for part in ("KEYID", "se", "cret@") if part in str(caught.value)[:40]]
    assert "cret" not in str(caught.value).replace("in a secret", "")


@pytest.mark.parametrize("uri", ["http://bucket/a", "file:///a", "gs://a", "S4://a"])
def test_another_scheme_is_refused_with_those_there_are(uri: str) -> None:
    with pytest.raises(StoreError, match="a folder or s3://BUCKET/PREFIX"):
        locate(uri)


@pytest.mark.parametrize("text", ["results", "/a/b", "~/x", "s3:/a", "a/s3://b", "", "C:\\a"])
def test_anything_without_a_scheme_is_a_folder(text: str) -> None:
    assert locate(text) == Path(text) == locate(Path(text))


@pytest.mark.parametrize("uri", ["s3://b", "s3://b/a/b", "s3://b/a%20%23?region=x"])
def test_a_uri_names_the_place_that_is_shown_under_it(uri: str) -> None:
    assert str(locate(uri)) == uri
    assert locate(locate(uri)) == locate(str(locate(uri)))
    assert locate(uri.replace("/a", "//./a")) == locate(uri)


def test_only_a_place_in_a_bucket_is_no_path_to_the_system(bucket: BucketPath) -> None:
    with pytest.raises(TypeError):
        os.fspath(bucket)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="no \\.\\. in a bucket"):
        bucket / "../other"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_server_can_be_named_in_the_environment(
    bucket: BucketPath, object_store: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (bucket / "a").write_bytes(b"content")
    monkeypatch.setenv(variable, f"http://{object_store}")
    assert (locate(f"s3://{bucket.bucket}") / "a").read_bytes() == b"content"


# What can go wrong.


@contextmanager
def answering(status: int, body: bytes = b"") -> Iterator[str]:
    """The options for a server that gives the same answer to everything."""

    class Answer(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"scheme=http&endpoint_override=127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


USES: list[Callable[[BucketPath], Any]] = [
    lambda path: path.write_bytes(b"x"),
    lambda path: path.read_bytes(),
    lambda path: path.exists(),
    lambda path: list(path.iterdir()),
    lambda path: path.unlink(missing_ok=True),
]


def error_of(use: Callable[[BucketPath], Any], uri: str) -> OSError:
    path = locate(uri)
    assert isinstance(path, BucketPath)
    with pytest.raises(OSError) as caught:  # noqa: PT011
        use(path)
    assert caught.value.filename == str(path)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("use", USES)
def test_denied_access_is_a_permission_error_that_names_the_credentials(
    credentials: None, use: Callable[[BucketPath], Any]
) -> None:
    with answering(403) as options:
        error = error_of(use, f"s3://bucket/a?{options}")
    assert isinstance(error, PermissionError)
    assert "AWS_ACCESS_KEY_ID" in error.strerror


@pytest.mark.parametrize("use", USES)
def test_a_server_that_does_not_answer_is_an_os_error_that_names_it(
    credentials: None, monkeypatch: pytest.MonkeyPatch, use: Callable[[BucketPath], Any]
) -> None:
    monkeypatch.setattr(s3, "_ATTEMPTS", 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = error_of(use, f"s3://bucket/a?scheme=http&endpoint_override=127.0.0.1:{port}")
    assert error.strerror.startswith("no connection: Failed to connect to 127.0.0.1")
    assert str(port) in error.strerror


def test_a_bucket_that_is_not_there_holds_nothing_and_takes_nothing(bucket: BucketPath) -> None:
    uri = str(bucket).replace(bucket.bucket, "no-such-bucket")
    assert not locate(uri).exists()
    assert list(locate(uri).iterdir()) == []
    error = error_of(lambda path: (path).write_bytes(b"x"), uri.replace("?", "/a?"))
    assert isinstance(error, FileNotFoundError)
    assert error.strerror == "no such bucket"


def test_what_else_the_server_says_is_passed_on_in_one_line(
    credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_ATTEMPTS", 1)
    body = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>"
    with answering(503, body) as options:
        error = error_of(USES[0], f"s3://bucket/a?{options}")
    assert error.strerror == "slow down: Reduce your request rate"


def test_the_object_store_client_is_loaded_for_buckets_alone() -> None:
    script = (
        "import sys; from orchestrator.store.location import locate; path = locate('s3://bucket/a')\n"
        "print('pyarrow.fs' in sys.modules); path._files; print('pyarrow.fs' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == [b"False", b"True"]
    assert done.stderr == b""
