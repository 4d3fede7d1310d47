"""What the pages on the questions show can be run, and speaks of views that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.analysis.report import SUMMARIES

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "questions").glob("*.md"))
QUERIES = [
    pytest.param(query, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, query in enumerate(re.findall(r"```sql\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("query", QUERIES)
def test_the_sql_on_a_page_runs(query: str) -> None:
    with Database(ROOT / "docs" / "cifar10_cpu") as db:
        assert db.table(query).columns


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_shows_the_sql_behind_its_answer(page: Path) -> None:
    assert "```sql" in page.read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_views_a_page_is_about_exist(page: Path) -> None:
    titles = re.findall(r"^## .*", page.read_text(), re.MULTILINE)
    named = {name for title in titles for name in re.findall(r"`(\w+)`", title)}
    assert named <= set(VIEWS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_summaries_a_page_names_exist(page: Path) -> None:
    assert set(re.findall(r"--only (\w+)", page.read_text())) <= set(SUMMARIES)
