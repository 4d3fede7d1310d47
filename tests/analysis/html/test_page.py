"""The page holds everything that it shows, says where each number is from, and trusts no name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures import registry
from gensweep.analysis.html.overview import duration
from gensweep.analysis.html.page import page, words
from gensweep.analysis.html.runtime import embeddable, runtime
from gensweep.analysis.report import SUMMARIES
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.orchestrator.store.layout import Store

HOSTILE = (
    """</script><script>alert("1")</script><img src=x onerror='alert(2)'>&amp;{{ 7*7 }}é☃ "'"""
)
SWEEP = "hostile"
NAMES = frozenset(("headline", "trouble", "convergence", "corruption", "made"))


def _made(curve: str) -> Figure:
    axis = Axis(f"x {curve}"), Axis("y")
    panel = Panel(*axis, [Curve(curve, [0, 1], [None, 0.5])], title=curve)
    return Figure("made", f"Made {curve}", [panel], f"select '{curve}'", [curve])


@pytest.fixture
def figure(monkeypatch: pytest.MonkeyPatch) -> Callable[[Figure], None]:
    """Make this the only figure there is."""
    return lambda made: monkeypatch.setattr(registry, "FIGURES", {"made": lambda _: made})


@pytest.fixture
def html(store: Store, write: Any, announce: Any, figure: Any) -> str:
    """A page about a sweep, an error, and a figure with names that mean harm."""
    figure(_made(HOSTILE))
    trials = [write(store, (0.5, 0.0)), write(store, (0.5,), "failed", seed=1, error=HOSTILE)]
    announce(store, SWEEP, trials)
    with Database(store.root) as db:
        return page(db, HOSTILE, only=NAMES)


def test_hostile_names_are_shown_as_they_are_and_do_nothing(html: str, read: Any) -> None:
    document = read(html)
    assert not document.all("img")
    kinds = [script.attributes.get("type", "") for script in document.all("script")]
    data = "application/json"
    assert kinds == [data, "", data, "", ""], "specs, runtime, config, and our two programs"
    assert SWEEP in document.all("title")[0].text
    assert [h1.text for h1 in document.all("h1")] == [f"Sweep {SWEEP}"]
    assert HOSTILE in {b.text for b in document.all("b")}
    assert HOSTILE in {cell.text for cell in document.all("td")}
    assert HOSTILE in {li.text for li in document.all("li")}
    (failed,) = (p.text for p in document.all("p", "finding") if "failed" in p.text)
    assert HOSTILE in failed
    (spec,) = json.loads(document.all("script", "specs")[0].text)["charts"]
    assert spec["params"][1]["value"] == [HOSTILE]


def test_nothing_is_fetched_from_anywhere(html: str, read: Any) -> None:
    document = read(html)
    for element in document.all():
        for name in ("src", "href", "srcset", "poster", "data", "action", "style"):
            value = element.attributes.get(name, "")
            assert not re.search(r"//|url\(", value), (element.tag, name, value)
    styles = "".join(style.text for style in document.all("style"))
    assert not re.search(r"http|url\(|@import|//", styles)
    own = [s.text for s in document.all("script") if "vega-lite" not in s.text]
    assert not any("http" in text for text in own)
    (policy,) = [m for m in document.all("meta") if "http-equiv" in m.attributes]
    assert policy.attributes["content"].startswith("default-src 'none';")


def test_every_table_has_a_caption_and_headings_with_a_scope(html: str, read: Any) -> None:
    tables = read(html).all("table")
    assert len(tables) == 5, "sweeps, versions, trouble, convergence, corruption"
    for table in tables:
        assert table.all("caption")[0].words()
        cells = len(table.all("thead")[0].all("th"))
        for row in table.all("tbody")[0].all("tr"):
            assert len(row.inside) == cells
            assert [c.attributes.get("scope") for c in row.inside] == ["row"] + [None] * (cells - 1)
        for heading in table.all("thead")[0].all("th"):
            assert heading.attributes["scope"] == "col"
            assert heading.attributes["aria-sort"] == "none"
            assert [button.tag for button in heading.inside] == ["button"]


def test_everything_says_the_sql_it_comes_from_and_that_can_be_asked(
    html: str, read: Any, store: Store
) -> None:
    document = read(html)
    queries = [details.all("code")[0].text for details in document.all("details", "sql")]
    shown = len(document.all("table")) + len(document.all("figure")) + 2  # headline, numbers
    assert len(queries) == shown
    with Database(store.root) as db:
        for query in queries:
            if query != f"select '{HOSTILE}'":  # which is no SQL
                db.table(query)


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_summary_and_figure_says_sql_that_can_be_asked(
    store: Store, write: Any, name: str
) -> None:
    write(store, (0.5, 0.0))
    with Database(store.root) as db:
        query = SUMMARIES[name].table(db).sql
        assert query.strip()
        db.table(query)


def test_ids_are_unique_and_every_link_leads_somewhere(html: str, read: Any) -> None:
    elements = read(html).all()
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in elements:
        if element.tag == "a":
            assert element.attributes["href"].removeprefix("#") in ids
        if "aria-labelledby" in element.attributes:
            assert element.attributes["aria-labelledby"] in ids


def test_a_figure_and_a_table_may_have_one_name(
    store: Store, write: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        registry, "FIGURES", {"corruption": lambda _: replace(_made("a"), name="corruption")}
    )
    write(store, (0.5, 0.0))
    with Database(store.root) as db:
        document = read(page(db, "results", only={"corruption"}))
    cards = [e.attributes["id"] for e in document.all("section", "card")]
    assert cards == ["corruption", "table-corruption", "table-versions"]


def test_headings_go_down_a_level_at_a_time(html: str, read: Any) -> None:
    levels = [int(e.tag[1]) for e in read(html).all() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_chart_has_words_for_those_who_do_not_see_it(html: str, read: Any) -> None:
    (chart,) = read(html).all("div", "chart")
    assert chart.attributes["role"] == "img"
    assert chart.attributes["aria-label"] == f"{HOSTILE}: y against x {HOSTILE}. Series: {HOSTILE}"


def test_a_folder_without_trials_has_a_page_too(store: Store, read: Any, figure: Any) -> None:
    empty = Figure("made", "Made", [], "from trials", needs="trials of `made`")
    figure(empty)
    with Database(store.root) as db:
        document = read(page(db, "results", only=NAMES))
    assert document.all("h1")[0].text == "No sweeps yet"
    assert [dd.words() for dd in document.all("dl", "missing")[0].all("dd")]
    assert len(document.all("script")) == 1, "no runtime where nothing is drawn"


def test_a_page_of_one_sweep_has_its_trials_alone(
    store: Store, write: Any, announce: Any, read: Any, figure: Any
) -> None:
    figure(_made("a"))
    for name, seeds in (("one", 1), ("two", 2)):
        announce(store, name, [write(store, (0.0,), seed=s) for s in range(seeds)])
    with Database(store.root, "one") as db:
        document = read(page(db, "results", "one", NAMES))
    assert document.all("h1")[0].text == "Sweep one"
    assert document.all("dl", "figures")[0].all("dd")[0].text == "1"


def test_only_what_was_asked_for_is_on_the_page(store: Store, write: Any, read: Any) -> None:
    write(store, (0.5, 0.0))
    with Database(store.root) as db:
        document = read(page(db, "results", only={"corruption"}))
    ids = {e.attributes.get("id") for e in document.all("section", "card")}
    assert ids == {"table-versions", "table-corruption"}
    assert not document.all("figure")


def test_a_program_cannot_end_the_script_it_stands_in() -> None:
    harmful = 'a = "</script>"; b = "<!-- <SCRIPT"'
    safe = embeddable(harmful)
    assert not re.search(r"</script|<!--|<script", safe, re.IGNORECASE)
    assert json.loads(safe.split(";")[0].removeprefix("a = ").replace(r"\x3c", "<")) == "</script>"


def test_the_runtime_comes_from_the_installed_package() -> None:
    program = runtime()
    assert "window.vegaEmbed" in program
    assert not re.search(r"</script|<!--", program, re.IGNORECASE)


def test_names_between_backticks_are_code_and_the_rest_is_escaped() -> None:
    assert str(words("a `b<` c")) == "a <code>b&lt;</code> c"
    assert str(words("a ` b")) == "a ` b"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "0.5 s"), (119, "119 s"), (120, "2 min"), (9216, "2.56 h"), (1e6, "11.6 d")],
)
def test_a_time_is_written_in_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
