"""The report in a real browser: it draws, answers to clicks and keys, fits, and asks nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.analysis.html.cells import sheet
from gensweep.analysis.html.charts import charts
from gensweep.analysis.html.overview import Overview
from gensweep.analysis.html.page import Content, Drawn, render
from gensweep.analysis.tables.column import Column
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel
from gensweep.analysis.tables.table import Table

DESKTOP, PHONE = (1280, 800), (375, 812)
REAL = Path(__file__).parents[2] / "docs" / "cifar10_cpu"
HOSTILE = """</script><script>fail()</script><b>'"&é☃ """ + "long" * 40

_FIGURE = Figure(
    "made",
    "A made figure",
    [
        Panel(
            Axis("label corruption p", start=0.0, end=1.0),
            Axis("test error (%)"),
            [
                Curve("inception", [0, 0.5, 1], [12.5, 40, 90], [10, 38, 88], [15, 42, 92]),
                Curve("inception", [0, 1], [14.25, 90], kind="points", source="paper"),
                Curve("alexnet", [0, 0.5, 1], [24, None, 90], hollow=[False, False, True]),
            ],
            "two models",
        ),
        Panel(
            Axis("epoch", log=True),
            Axis("loss", log=True),
            [Curve("alexnet", list(range(1, 501)), [2 / n for n in range(1, 501)])],
            HOSTILE,
        ),
    ],
    "from trials",
    ["a note"],
)
_X, _Y = Axis("epoch"), Axis("error (%)")
_MANY = Figure(
    "many",
    "Many panels of many curves",
    [
        Panel(_X, _Y, [Curve(f"curve {n}", [1, 2, 3], [n, n + m, n]) for n in range(8)])
        for m in range(8)
    ],
    "from epochs",
    [f"note {n}" for n in range(9)],
)


def _epochs(record: Any) -> str:
    return {9.0: "9.00 ± 1", 10.0: "10.00"}.get(record["epochs"], "not reached")


_TABLE = Table(
    "numbers",
    ["model", "epochs", "reason"],
    [["b", 9.0, HOSTILE], ["a", 10.0, "x" * 60], ["c", None, "–"]],
    title="Numbers of some length in a title that a phone has to break",
    layout=[Column("model"), Column("epochs", cell=_epochs), Column("reason")],
    sql="select '" + "x" * 300 + "'",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    overview = Overview([HOSTILE], [("trials", "1,234")], "from trials", [])
    tables = [sheet(_TABLE)]
    figures = [Drawn(figure, charts(figure)) for figure in (_FIGURE, _MANY)]
    html = render(Content(HOSTILE, None, overview, None, [], tables, figures, missing=[]))
    path.write_text(html, "utf-8")
    return path


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole report of real results."""
    from gensweep.analysis.database.connection import Database
    from gensweep.analysis.html.page import page

    path: Path = tmp_path_factory.mktemp("real") / "report.html"
    with Database(REAL) as db:
        path.write_text(page(db, "cifar10_cpu"), "utf-8")
    return path


@pytest.fixture(params=["made", "real"])
def report(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


def _lines(page: Any) -> int:
    count: int = page.locator("#made .mark-line path").count()
    return count


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_report_draws_without_complaint_asks_nobody_and_fits(
    visit: Callable[..., Any], report: Path, size: tuple[int, int]
) -> None:
    seen = visit(report, size)
    charts = seen.page.locator(".chart")
    assert charts.count() > 0
    for chart in charts.all():
        if not chart.is_visible():  # folded
            continue
        assert chart.locator("svg.marks").count() == 1
        assert chart.locator(".mark-line path, .mark-symbol path").count() > 0
        assert chart.locator("svg.marks").bounding_box()["width"] > size[0] / 6
    seen.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    seen.page.wait_for_function(
        "document.querySelectorAll('.values table').length === "
        "document.querySelectorAll('.chart svg.marks').length"
    )
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert seen.complaints == []
    assert seen.requests == [report.as_uri()]


def test_the_legend_hides_and_shows_a_series_by_click_and_by_key(
    visit: Callable[..., Any], made: Path
) -> None:
    page = visit(made).page
    alexnet = page.locator("#made .legend button", has_text="alexnet")
    assert alexnet.get_attribute("aria-pressed") == "true"
    assert _lines(page) == 3
    alexnet.click()
    page.wait_for_function("document.querySelectorAll('#made .mark-line path').length === 1")
    assert alexnet.get_attribute("aria-pressed") == "false"
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('#made .mark-line path').length === 3")
    assert alexnet.get_attribute("aria-pressed") == "true"


def test_all_series_can_be_hidden_and_folded_panels_are_drawn_as_the_legend_says(
    visit: Callable[..., Any], made: Path
) -> None:
    seen = visit(made)
    page, many = seen.page, seen.page.locator("#many")
    assert many.locator("svg.marks").count() == 6
    every = many.locator("button.every")
    every.click()
    many.locator(".mark-line path").first.wait_for(state="detached")
    many.locator("[data-series='3']").click()
    many.locator("summary", has_text="2 more panels").click()
    page.wait_for_function("document.querySelectorAll('#many svg.marks').length === 8")
    page.wait_for_function("document.querySelectorAll('#many .mark-line path').length === 8")
    every.click()
    page.wait_for_function("document.querySelectorAll('#many .mark-line path').length === 64")
    assert seen.complaints == []


def test_the_nearest_point_says_its_values(visit: Callable[..., Any], made: Path) -> None:
    page = visit(made).page
    chart = page.locator("#made .chart").first
    chart.scroll_into_view_if_needed()
    axes = chart.locator("svg .mark-group.role-frame .background").first.bounding_box()
    # p = 0.5, a little off the 40 % of inception; nothing else is near.
    page.mouse.move(axes["x"] + axes["width"] / 2 + 9, axes["y"] + axes["height"] * 0.6)
    page.mouse.move(axes["x"] + axes["width"] / 2 + 7, axes["y"] + axes["height"] * 0.6)
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    words = " ".join(tip.inner_text().split())
    assert "inception" in words
    assert "label corruption p 0.5" in words
    assert "test error (%) 40" in words
    assert "38 to 42" in words


def _column(page: Any, index: int) -> list[str]:
    cells = page.locator(f"#table-numbers tbody tr > :nth-child({index})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_a_heading_sorts_numbers_as_numbers_by_click_and_by_key(
    visit: Callable[..., Any], made: Path
) -> None:
    page = visit(made).page
    heading = page.locator("#table-numbers thead th", has_text="epochs")
    heading.locator("button").click()
    assert _column(page, 2) == ["9.00 ± 1", "10.00", "not reached"]
    assert heading.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert _column(page, 2) == ["10.00", "9.00 ± 1", "not reached"], "what is none stays last"
    assert heading.get_attribute("aria-sort") == "descending"
    page.locator("#table-numbers thead button", has_text="model").focus()
    page.keyboard.press("Enter")
    assert _column(page, 1) == ["a", "b", "c"]
    assert heading.get_attribute("aria-sort") == "none"


def test_the_dark_changes_the_page_and_its_charts(visit: Callable[..., Any], made: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = visit(made, scheme=scheme).page
        colours.append(
            page.evaluate(
                """() => [
                    getComputedStyle(document.body).backgroundColor,
                    getComputedStyle(document.querySelector('#made .mark-line path')).stroke,
                    getComputedStyle(document.querySelector('#made .role-axis-label text')).fill,
                ]"""
            )
        )
    light, dark = colours
    assert all(one != other for one, other in zip(light, dark, strict=True))
    assert not any("var(" in colour or colour == "none" for colour in light + dark)


def test_sql_can_be_copied(visit: Callable[..., Any], made: Path) -> None:
    page = visit(made).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#table-numbers details.sql summary").click()
    page.locator("#table-numbers button.copy").click()
    page.locator("#table-numbers button.copy", has_text="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == _TABLE.sql


def test_the_values_of_a_figure_are_a_table_too(visit: Callable[..., Any], made: Path) -> None:
    page = visit(made).page
    page.locator("#made details.values summary").click()
    rows = page.locator("#made .values table").first.locator("tbody tr")
    rows.first.wait_for()
    assert rows.count() == 8
    assert rows.first.locator("th, td").all_inner_texts() == ["inception", "0", "12.5", "10", "15"]


def test_paper_gets_light_colours_and_everything_that_is_wide(
    visit: Callable[..., Any], made: Path
) -> None:
    page = visit(made, scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    body = page.evaluate("getComputedStyle(document.body).backgroundColor")
    text = page.evaluate("getComputedStyle(document.body).color")
    assert (body, text) == ("rgb(255, 255, 255)", "rgb(26, 31, 36)")
    assert page.pdf(format="A4")[:5] == b"%PDF-"
