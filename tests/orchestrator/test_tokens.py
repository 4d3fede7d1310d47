"""A launch shows a cluster the token that it asks for, and none where none is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gensweep.orchestrator import tokens
from gensweep.orchestrator.errors import ClusterError
from gensweep.orchestrator.tokens import auth_mode

HEAD = "head.example.org:6379"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def cluster(monkeypatch: pytest.MonkeyPatch, *refused: str) -> None:
    """A cluster that refuses whoever comes in one of these modes."""
    monkeypatch.setattr(tokens, "_refused", lambda address, mode: mode in refused)


@pytest.mark.parametrize("where", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "home"])
@pytest.mark.parametrize("explicit", [False, True])
def test_a_token_is_shown_where_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str, explicit: bool
) -> None:
    cluster(monkeypatch, "disabled")
    if where == "home":
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray" / "auth_token").write_text("a token")
    else:
        monkeypatch.setenv(where, "a token, or where it is")
    if explicit:
        monkeypatch.setenv("RAY_AUTH_MODE", "TOKEN")
    assert auth_mode(HEAD) == "token"


@pytest.mark.parametrize("token", ["", "a token"])
def test_no_token_is_shown_where_none_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    cluster(monkeypatch)
    monkeypatch.setenv("RAY_AUTH_TOKEN", token)
    assert auth_mode(HEAD) == "disabled"


@pytest.mark.parametrize(
    ("refused", "token", "mode", "said"),
    [
        (["disabled"], "", "", "requires a token, and there is none here; set RAY_AUTH_TOKEN"),
        (["disabled", "token"], "wrong", "", "rejects the token that is here; set RAY_AUTH_TOKEN"),
        (["disabled"], "right", "disabled", "asks for a token, but RAY_AUTH_MODE is disabled"),
        ([], "unasked", "token", "asks for no token, but RAY_AUTH_MODE is token; unset it"),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, refused: list[str], token: str, mode: str, said: str
) -> None:
    cluster(monkeypatch, *refused)
    monkeypatch.setenv("RAY_AUTH_TOKEN", token)
    if mode:
        monkeypatch.setenv("RAY_AUTH_MODE", mode)
    with pytest.raises(ClusterError) as caught:
        auth_mode(HEAD)
    assert str(caught.value).startswith(f"{HEAD}: {said}")
