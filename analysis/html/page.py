"""The page: everything the results can answer, in one file that opens anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from gensweep.analysis.database.connection import Database
from gensweep.analysis.html.axes import CONFIG
from gensweep.analysis.html.cells import Sheet, sheet
from gensweep.analysis.html.charts import Charts, charts
from gensweep.analysis.html.overview import Overview, overview_of
from gensweep.analysis.html.runtime import runtime
from gensweep.analysis.html.series import DARK, LIGHT, SHAPES
from gensweep.analysis.report import report_tables
from gensweep.analysis.tables.figure import Figure
from gensweep.analysis.tables.table import in_brief
from gensweep.trainables.shown import shown

FIRST = ("trouble", "ranking", "effects", "claims")  # what is read before the figures
MOST_ROWS = 100  # of each of those
MOST_PANELS = 6  # of a figure; more are folded, and drawn when they are unfolded


@dataclass(frozen=True)
class Drawn:
    """A figure with its charts."""

    figure: Figure
    charts: Charts

    @property
    def specs(self) -> dict[str, Any]:
        """The charts, each with the number of its layers: many panels have the same."""
        layers: dict[str, int] = {}
        charts = []
        for chart in self.charts.panels:
            text = json.dumps(chart.spec["layer"])
            charts.append({**chart.spec, "layer": layers.setdefault(text, len(layers))})
        return {"layers": [json.loads(text) for text in layers], "charts": charts}

    @property
    def notes(self) -> list[str]:
        return [*self.figure.notes, *self.charts.notes]


@dataclass(frozen=True)
class Content:
    """What a page shows. headline: what is read before all else; first: the tables above the
    figures; missing: figures without trials.
    """

    place: str
    sweep: str | None
    overview: Overview
    headline: Sheet | None
    first: Sequence[Sheet]
    tables: Sequence[Sheet]
    figures: Sequence[Drawn]
    missing: Sequence[Figure]


def page(
    db: Database,
    place: str,
    sweep: str | None = None,
    only: Collection[str] | None = None,
    paper: bool = False,
) -> str:
    """The report as HTML.

    place: whose results these are.
    only:  the summaries and figures to show; without, all that apply.
    paper: what the paper asks too, whether trials feed it or not.
    """
    whole = "gensweep report --only {}"
    tables = [
        sheet(
            in_brief(table, MOST_ROWS, whole.format(table.name)) if table.name in FIRST else table
        )
        for table in report_tables(db, only, paper)
    ]
    drawn, missing = _figures(db, only)
    return render(
        Content(
            place,
            sweep,
            overview_of(db),
            headline=next((t for t in tables if t.prose), None),
            first=[t for t in tables if t.name in FIRST],
            tables=[t for t in tables if not (t.prose or t.name in FIRST)],
            figures=drawn,
            missing=missing if paper or only is not None else [],
        )
    )


def _figures(db: Database, only: Collection[str] | None) -> tuple[list[Drawn], list[Figure]]:
    """Those that have something to draw, and those for which there are no runs."""
    from gensweep.analysis.figures.registry import FIGURES

    made = [make(db) for name, make in FIGURES.items() if only is None or name in only]
    drawn = [Drawn(figure, charts(figure)) for figure in made if not figure.empty]
    return drawn, [figure for figure in made if figure.empty]


def render(content: Content) -> str:
    """Fill in the templates. All text is escaped and safe to show; JSON has neither `<` nor NaN."""
    import jinja2

    folder = files("gensweep.analysis.html")
    env = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        finalize=lambda value: shown(value) if type(value) is str else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["words"] = words
    env.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return env.get_template("page.html").render(
        **vars(content),
        light=LIGHT,
        dark=DARK,
        shapes=SHAPES,
        config=CONFIG,
        most_panels=MOST_PANELS,
        program=version("gensweep"),
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        runtime=runtime() if content.figures else "",
        own=lambda name: folder.joinpath(name).read_text("utf-8"),
    )


def words(text: str) -> str:
    """Text for HTML, in which names between backticks are set as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(shown(text)))))  # noqa: S704
