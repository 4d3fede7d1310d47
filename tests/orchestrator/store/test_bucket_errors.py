"""What a server may answer, and what a person is told of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gensweep.orchestrator.store import s3
from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.location import locate


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
        "import sys; from gensweep.orchestrator.store.location import locate; path = locate('s3://bucket/a')\n"
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


LISTING = b"""<?xml version="1.0"?><ListBucketResult><Name>b</Name><Prefix>p/</Prefix>
<KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
<Contents><Key>p/..</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size>
</Contents><CommonPrefixes><Prefix>p/../</Prefix></CommonPrefixes>
<Contents><Key>p/a</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size>
</Contents></ListBucketResult>"""


def test_keys_that_are_no_paths_hide_no_other(credentials: None) -> None:
    with answering(200, LISTING) as options:
        folder = locate(f"s3://bucket/p?{options}")
        assert [path.name for path in folder.iterdir()] == ["a"]


def test_a_server_that_is_no_object_store_is_told_by_its_answer(credentials: None) -> None:
    with answering(200, b"<html>hello</html>") as options:
        error = error_of(lambda path: path.read_bytes(), f"s3://bucket/p?{options}")
    assert "answers as no store of objects does" in str(error)
