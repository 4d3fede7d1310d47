"""The connection to an object store, with its errors translated to those of a file system."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import pyarrow as pa

_ATTEMPTS = 5  # which take about ten seconds, or forty where the server says nothing
_ABSENT = (errno.ENOENT, os.strerror(errno.ENOENT))
_DENIED = "access denied; credentials are looked for in AWS_ACCESS_KEY_ID and in ~/.aws"
_REASONS = {
    "NO_SUCH_BUCKET": (errno.ENOENT, "no such bucket"),
    "NO_SUCH_KEY": _ABSENT,
    "RESOURCE_NOT_FOUND": _ABSENT,
    "ACCESS_DENIED": (errno.EACCES, _DENIED),
    "INVALID_ACCESS_KEY_ID": (errno.EACCES, "access denied; there is no such access key"),
    "SIGNATURE_DOES_NOT_MATCH": (errno.EACCES, "access denied; the secret key is wrong"),
}


@cache
def file_system(bucket: str, options: str, credentials: str, endpoint: str) -> Any:
    from pyarrow import fs  # imported here because it loads slowly and a folder does not need it

    given = dict(parse_qsl(options))
    # FileSystem.from_uri respects AWS_ENDPOINT_URL too, but not timeouts or delayed opening.
    wire, _, host = given.get("endpoint_override", endpoint).rpartition("://")
    user, _, password = credentials.rstrip("@").partition(":")
    region = given.get("region")
    if host and not region:
        variables = ("AWS_REGION", "AWS_DEFAULT_REGION")
        region = next((os.environ[name] for name in variables if os.environ.get(name)), "us-east-1")
    return fs.S3FileSystem(
        access_key=unquote(user) or None,
        secret_key=unquote(password) or None,
        scheme=given.get("scheme") or wire or "https",
        endpoint_override=host or None,
        region=region or fs.resolve_s3_region(bucket),
        connect_timeout=5,
        request_timeout=6,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        allow_delayed_open=True,  # a small object takes one request, not three
    )


def headers(file: pa.NativeFile) -> dict[str, str]:
    """An object's metadata from the server."""
    found = {name.lower(): value.decode() for name, value in file.metadata().items()}
    if not {"etag", "last-modified"} <= found.keys():
        raise OSError(errno.EIO, "the server answers as no store of objects does")
    return found


def is_md5(tag: str, content: bytes) -> bool:
    """True proves that this is the whole content. Large and encrypted objects have tags of other
    kinds.
    """
    tag = tag.strip('"')
    return len(tag) == 32 and hashlib.md5(content, usedforsecurity=False).hexdigest() == tag


@contextmanager
def explaining(place: str) -> Iterator[None]:
    """Raise OSError with a short reason instead of pyarrow's errors."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        if getattr(error, "filename", None) is None:
            raise OSError(*_explained(error), place) from error
        raise


def _explained(error: Exception) -> tuple[int, str]:
    if isinstance(error, FileNotFoundError):
        return _ABSENT
    text = " ".join(str(error).split())
    if text.startswith("Bucket ") and text.endswith(" not found"):
        return _REASONS["NO_SUCH_BUCKET"]
    found = re.search(r"AWS Error (\w+).*? during \w+ operation: (.*?)( \(Request ID.*)?$", text)
    if not found:
        return errno.EIO, text
    code, message = found[1], re.split(r"Details: | Message: ", found[2])[-1]
    if code == "NETWORK_CONNECTION":
        return errno.EHOSTUNREACH, f"no connection: {message}"
    return _REASONS.get(code, (errno.EIO, f"{code.lower().replace('_', ' ')}: {message}"))
