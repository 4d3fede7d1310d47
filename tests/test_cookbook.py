"""The cookbook's queries run, and answer what the page says they do."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "cookbook.md").read_text()


def test_every_recipe_has_a_question_a_reason_and_a_query() -> None:
    recipes = PAGE.split("\n## ")[1:]
    assert len(recipes) >= 15
    for recipe in recipes:
        assert re.match(r'[^\n]+\?\n\n[^\n]+\.\n\n```console\n\$ gensweep query ".+?"', recipe), (
            recipe
        )


def test_the_answers_are_those_of_the_results_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSWEEP_RESULTS", str(ROOT / "docs" / "cifar10_cpu"))
    refresh = runpy.run_path(str(ROOT / "docs" / "refresh.py"))["refresh"]
    assert refresh(PAGE) == PAGE
