"""Figures as pictures that can be printed: png, svg and pdf.

The same figure gives the same bytes. matplotlib is loaded here alone, and its settings are left
as they are.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.drawing.styles import Style, styles
from gensweep.analysis.figures.points import refuse_empty
from gensweep.analysis.tables.figure import Axis, Figure, Panel
from gensweep.orchestrator.store.files import publish

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

MOST_PANELS = 9  # on a page
ENDINGS = (".png", ".svg", ".pdf")
_COLUMN, _PAGE = 3.4, 7.0  # inches: one column of a paper, and both
_PANEL, _LINE = 2.1, 0.16  # inches: the height of a panel, and of a line of the legend
_LETTERS = 17.5  # of the legend in an inch
_LABEL = 34  # letters in a line above a panel, or beside it
_MARGIN = 0.03  # of an axis, so that points on its ends are whole
_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # which comes with matplotlib
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "savefig.dpi": 200,
    "text.parse_math": False,  # a dollar in a label is a dollar
    "pdf.fonttype": 42,  # whole fonts, which a printer can set
    "svg.fonttype": "none",  # text that can be searched and changed
    "svg.hashsalt": "gensweep",
}


def one_page(figure: Figure) -> Figure:
    """The panels that fit a page, with a note on how many do not."""
    if not (note := left_out(figure)):
        return figure
    return replace(figure, panels=figure.panels[:MOST_PANELS], notes=[*figure.notes, note])


def left_out(figure: Figure) -> str:
    """What a picture does not show of it; empty if nothing."""
    if len(figure.panels) <= MOST_PANELS:
        return ""
    return f"the first {MOST_PANELS} of {len(figure.panels)} panels; a sweep's name picks others"


def draw(figure: Figure) -> Picture:
    """Raises QueryError if there is nothing to draw."""
    refuse_empty(figure)
    figure = one_page(figure)
    from matplotlib.figure import Figure as Picture

    from gensweep.analysis.drawing.legend import columns_within, legend_handles

    with _settings():
        look = styles(figure)
        count = len(figure.panels)
        columns = {1: 1, 2: 2, 4: 2}.get(count, 3)
        rows = -(-count // columns)
        width = _COLUMN if columns == 1 else _PAGE
        handles = legend_handles(figure, look)
        side_by_side = columns_within(handles, width * _LETTERS)
        lines = -(-len(handles) // side_by_side)
        picture = Picture((width, rows * _PANEL + 0.1 + lines * _LINE), layout="constrained")
        axes = list(picture.subplots(rows, columns, squeeze=False).flat)
        for index, (panel, place) in enumerate(zip(figure.panels, axes, strict=False)):
            _panel(place, panel, look)
            if index + columns < count and figure.panels[index + columns].x == panel.x:
                place.set_xlabel("")
            if index % columns and figure.panels[index - 1].y == panel.y:
                place.set_ylabel("")
        for place in axes[count:]:
            place.set_visible(False)
        picture.legend(
            handles=handles,
            loc="outside lower center",
            ncols=side_by_side,
            frameon=False,
            handlelength=2.8,
            columnspacing=1.2,
        )
        return picture


def save(figure: Figure, path: str | Path) -> None:
    """Raises QueryError if the ending is not one of ENDINGS, or there is nothing to draw, and
    StoreError where the file cannot be written, of which nothing is there then.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise QueryError(f"picture {path}", "not a known ending", "one of " + ", ".join(ENDINGS))
    figure = one_page(figure)
    picture = draw(figure)
    said = "; ".join(figure.notes)
    about: dict[str, dict[str, Any]] = {
        ".png": {"Title": figure.title, "Description": said, "Source": figure.sql},
        ".svg": {"Title": figure.title, "Description": said, "Source": figure.sql, "Date": None},
        ".pdf": {"Title": figure.title, "Subject": said, "CreationDate": None},
    }
    drawn = BytesIO()
    with _settings():
        picture.savefig(drawn, format=ending[1:], metadata=about[ending])
    publish(Path(path).parent, Path(path), drawn.getvalue())


def _settings() -> AbstractContextManager[None]:
    """Ours on top of matplotlib's own, whatever a person has set; but for the window system."""
    import matplotlib

    own: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
    kept = {name: value for name, value in own.items() if not name.startswith("backend")}
    return matplotlib.rc_context({**kept, **_SETTINGS})


def _panel(place: Any, panel: Panel, look: dict[str, Style]) -> None:
    from gensweep.analysis.drawing.strokes import stroke

    for number, curve in enumerate(panel.curves):
        stroke(place, curve, look, number)
    place.set_title(_broken(panel.title))
    place.set_xlabel(panel.x.label)
    place.set_ylabel(_broken(panel.y.label))
    xs = [x for c in panel.curves for x in c.x]
    ys = [y for c in panel.curves for y in c.y if y is not None]
    highs = [y for c in panel.curves for y in c.high or () if y is not None]
    if all(float(x).is_integer() for x in xs):  # there is no epoch 1.5
        place.xaxis.get_major_locator().set_params(integer=True)
    if ys:  # an interval over two seeds can be a hundred times as wide as the curve is high
        top = max(ys)
        ys.append(min(max([top, *highs]), 2 * top))
    for axis, values, scale, limits in (
        (panel.x, xs, place.set_xscale, place.set_xlim),
        (panel.y, ys, place.set_yscale, place.set_ylim),
    ):
        if axis.log:
            scale("log")
        elif values:
            limits(*_limits(axis, values))


def _broken(text: str) -> str:
    """A long text over several lines, before a bracket if there is one."""
    if len(text) <= _LABEL:
        return text
    return "\n".join(fill(part, _LABEL) for part in text.replace(" (", "\n(").split("\n"))


def _limits(axis: Axis, values: list[float]) -> tuple[float, float]:
    start = min(values) if axis.start is None else axis.start
    end = max(values) if axis.end is None else axis.end
    margin = _MARGIN * ((end - start) or 1.0)
    return start - margin, end + margin
