"""What a sweep file says of resources is documented, and its defaults hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gensweep.orchestrator.fields import trial_fields
from gensweep.orchestrator.resources import RESOURCES, Resources, problem

FIELDS = trial_fields("classifier")
SWEEPS = (Path(__file__).resolve().parents[2] / "docs" / "sweeps.md").read_text()


@pytest.mark.parametrize("key", RESOURCES)
def test_every_key_is_documented_with_its_default(key: str) -> None:
    default = getattr(Resources(), key)
    row = re.search(rf"^\| `{key}` \| (?P<default>[^|]*) \|", SWEEPS, re.MULTILINE)
    assert row, f"docs/sweeps.md does not list {key}"
    shown = row["default"]
    if isinstance(default, bool):
        assert shown == str(default).lower()
    elif isinstance(default, str):
        assert shown == f"`{default}`"
    else:
        assert float(shown) == default


def test_what_trials_of_equal_shape_may_differ_in_is_documented() -> None:
    (sentence,) = re.findall(r"Trials have equal shape .*?\.", SWEEPS, re.DOTALL)
    free = [name for name, field in FIELDS.items() if not field.about.shapes]
    assert sorted(re.findall(r"`(\w+)`", sentence)) == sorted(free)


@pytest.mark.parametrize("key", RESOURCES)
def test_every_default_is_allowed(key: str) -> None:
    assert problem(key, getattr(Resources(), key)) is None


@pytest.mark.parametrize(
    ("said", "used"), [("auto", "eager"), ("eager", "eager"), ("captured", "captured")]
)
def test_the_engine_is_eager_until_another_is_asked_for(said: str, used: str) -> None:
    assert Resources(engine=said).chosen_engine == used
