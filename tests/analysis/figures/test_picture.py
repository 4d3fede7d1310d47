"""A picture, opened again, holds what the figure says, and can be read in print."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from PIL import Image

from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.drawing.picture import ENDINGS, draw, left_out, save
from gensweep.analysis.drawing.styles import styles
from gensweep.analysis.tables.figure import Axis, Curve, Figure, Panel

BOUND = {"hollow": [False, False, True], "at_least": True}
MADE = Figure(
    "figure_1b",
    "A figure of every kind",
    [
        Panel(
            Axis("label corruption p", start=0.0, end=1.0),
            Axis("epochs to training error 0", start=0.0),
            [
                Curve("inception", [0, 0.5, 1], [1, 2, 4], [1, 1.5, None], [1, 2.5, None], **BOUND),  # type: ignore[arg-type]
                Curve("alexnet", [0, 0.5, 1], [1, None, 3]),
                Curve("paper, alexnet", [0, 1], [1, 2], kind="points", source="paper", group="a"),
            ],
            "digits",
        ),
        Panel(
            Axis("epoch", start=0.0),
            Axis("error (%)", log=True),
            [Curve("mlp", range(1, 101), [100 / x for x in range(1, 101)], group="g", dashed=True)],
        ),
    ],
    "from trials",
    ["a note — with a sign"],
    needs="trials",
    hollow="not reached: at least",
)


def test_a_png_has_the_size_of_a_page_and_every_curves_colour(tmp_path: Path) -> None:
    save(MADE, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
        assert image.size[0] == 1400  # 7 inches at 200 dots
        assert 300 < image.size[1] < 1400
        assert image.text["Title"] == MADE.title  # type: ignore[attr-defined]
        assert image.text["Description"] == MADE.notes[0]  # type: ignore[attr-defined]
        assert image.text["Source"] == MADE.sql  # type: ignore[attr-defined]
    for style in styles(MADE).values():
        color = [int(style.color[i : i + 2], 16) for i in (1, 3, 5)]
        assert (pixels == color).all(axis=1).sum() > 20, style.color
    assert (pixels == 255).all(axis=1).mean() > 0.5


def test_a_single_panel_fits_a_column(tmp_path: Path) -> None:
    alone = Figure("a", "A", MADE.panels[:1], "from trials")
    save(alone, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size[0] == 680


def test_an_svg_has_its_labels_as_text(tmp_path: Path) -> None:
    save(MADE, tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    texts = {"".join(e.itertext()).strip() for e in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"label corruption p", "epochs to training error 0", "digits", "epoch"} <= texts
    assert {"inception", "alexnet", "mlp", "paper", "not reached: at least"} <= texts


def test_a_pdf_has_its_fonts_within(tmp_path: Path) -> None:
    save(MADE, tmp_path / "a.pdf")
    content = (tmp_path / "a.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    unpacked = [zlib.decompress(s) for s in streams if s[:1] == b"\x78"]
    everything = content + b"".join(unpacked)
    assert b"/FontFile2" in everything
    assert b"/Type3" not in everything
    assert b"/CreationDate" not in everything


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_figure_gives_the_same_bytes_whatever_a_person_has_set(
    tmp_path: Path, ending: str
) -> None:
    save(MADE, tmp_path / f"a{ending}")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": False}):
        before = dict(matplotlib.rcParams)
        save(MADE, tmp_path / f"b{ending}")
        assert dict(matplotlib.rcParams) == before
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def many(count: int, **settings: object) -> Figure:
    curves = [Curve(f"curve {i}", [0.0, 1.0], [i, i], **settings) for i in range(count)]  # type: ignore[arg-type]
    return Figure("a", "A", [Panel(Axis("x"), Axis("y"), curves)], "")


def test_curves_can_be_told_apart_in_colour_and_up_to_eleven_without() -> None:
    look = list(styles(many(55)).values())
    assert len({(s.color, s.marker) for s in look}) == 55
    assert len({s.marker for s in look[:11]}) == 11
    assert "#000000" not in {s.color for s in look}  # the paper's


def test_curves_of_a_group_share_colour_and_marker_and_differ_in_dashes() -> None:
    def pair(group: str) -> list[Curve]:
        return [
            Curve(f"{group} train", [0, 1], [1, 0], group=group, dashed=True),
            Curve(f"{group} test", [0, 1], [1, 1], group=group),
        ]

    figure = Figure("a", "A", [Panel(Axis("x"), Axis("y"), [*pair("a"), *pair("b")])], "")
    assert list(styles(figure)) == ["a", "b"]
    lines = {h.get_label(): h for h in draw(figure).legends[0].get_lines()}
    for group in "ab":
        train, test = lines[f"{group} train"], lines[f"{group} test"]
        assert train.get_color() == test.get_color()
        assert train.get_marker() == test.get_marker()
        assert train.get_linestyle() != test.get_linestyle()


def test_the_legend_covers_no_axes() -> None:
    for count in (1, 5, 12, 30):
        picture = draw(many(count))
        picture.draw_without_rendering()
        legend = picture.legends[0].get_window_extent()
        (axes,) = picture.axes
        assert not legend.overlaps(axes.get_tightbbox())
        assert legend.x0 >= 0
        assert legend.y0 >= 0
        assert legend.x1 <= picture.bbox.x1


def test_an_interval_that_dwarfs_the_curve_does_not_flatten_it() -> None:
    curve = Curve("a", [0, 0.5, 1], [1, 2, 3], [-90, -90, -90], [90, 90, 90])
    figure = Figure("a", "A", [Panel(Axis("x"), Axis("y", start=0.0), [curve])], "")
    (axes,) = draw(figure).axes
    assert axes.get_ylim()[1] < 7
    assert axes.get_ylim()[0] > -1


def test_there_are_no_half_epochs() -> None:
    (axes,) = draw(many(1)).axes
    assert all(float(x).is_integer() for x in axes.get_xticks())


def test_an_unknown_ending_or_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"a.gif: not a known ending; one of .png, .svg, .pdf"):
        save(MADE, tmp_path / "a.gif")
    with pytest.raises(QueryError, match="there is nothing to draw; it needs trials"):
        save(Figure("a", "A", [], "", needs="trials"), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_picture_is_one_page_and_says_how_many_panels_are_on_no_page() -> None:
    panel = Panel(Axis("x"), Axis("y"), [Curve("a", [0.0, 1.0], [1.0, 2.0])])
    nine, ten = (Figure("made", "Made", [panel] * n, "from trials") for n in (9, 10))
    assert left_out(nine) == ""
    assert left_out(ten) == "the first 9 of 10 panels; a sweep's name picks others"
    assert len([place for place in draw(ten).axes if place.get_visible()]) == 9
