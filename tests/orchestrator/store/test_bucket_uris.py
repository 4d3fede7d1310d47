"""The URI of a place in a bucket: which are refused, and what is never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.location import locate


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


@pytest.mark.parametrize("text", ["results", "/a/b", "a/~/x", "s3:/a", "a/s3://b", "", "C:\\a"])
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
