"""The location of a store: a folder, or a prefix in a bucket."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from gensweep.orchestrator.store.bucket import BucketPath, as_key
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.paths import user_path

# The schemes, each with its allowed query parameters.
OPTIONS = {"s3": ("endpoint_override", "region", "scheme")}

Location = Path | BucketPath


def locate(place: str | Location) -> Location:
    """The location named by s3://BUCKET/PREFIX or a folder's path. Raises StoreError."""
    if isinstance(place, BucketPath | Path):
        return place
    scheme = re.match(r"([A-Za-z][\w+.-]*)://", place)
    if not scheme:
        try:
            return user_path(place)
        except ValueError as error:
            raise StoreError(
                "results folder", str(error), "a path, or s3://BUCKET/PREFIX"
            ) from None
    kind = scheme[1].lower()
    if kind not in OPTIONS:
        allowed = " or ".join(["a folder", *(f"{known}://BUCKET/PREFIX" for known in OPTIONS)])
        raise StoreError(f"{kind}://", "cannot hold results", allowed)
    address, _, options = place[scheme.end() :].partition("?")
    host, _, key = address.partition("/")
    # Messages never repeat the credentials before the @, nor anything that may be part of them.
    credentials, at, bucket = host.rpartition("@")
    if not re.fullmatch(r"\w[\w.-]*", bucket):
        allowed = f"{kind}://BUCKET/PREFIX?endpoint_override=HOST:PORT; a / in a secret is %2F"
        raise StoreError(f"{kind}://", "is not followed by the name of a bucket", allowed)
    where = f"{kind}://{bucket}"
    for name, value in parse_qsl(options, keep_blank_values=True):
        if name not in OPTIONS[kind]:
            raise StoreError(where, f"unknown option {name}", "one of " + ", ".join(OPTIONS[kind]))
        if name == "scheme" and value not in ("http", "https"):
            raise StoreError(where, f"unknown scheme {value}", "http or https")
    try:
        return BucketPath(kind, bucket, as_key(unquote(key)), options, credentials + at)
    except ValueError as error:
        raise StoreError(where, str(error)) from None
