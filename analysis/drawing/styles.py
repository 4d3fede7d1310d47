"""How curves are told apart: by colour, and without colour by marker and dashes."""

from __future__ import annotations

from dataclasses import dataclass

from gensweep.analysis.tables.figure import Curve, Figure

# Okabe and Ito's palette, which the colour-blind can tell apart; black is the paper's.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8A800")
MARKERS = "os^vDP<>Xph"  # as many as make a new pair with the colours 77 times
DASHES = ("-", "--", "-.", ":", (0, (6, 1.5, 1, 1.5, 1, 1.5)))
_TRAIN = (0, (3, 1.5))


@dataclass(frozen=True)
class Style:
    color: str
    marker: str
    dash: str | tuple[int, tuple[float, ...]]


def styles(figure: Figure) -> dict[str, Style]:
    """A style per group, or per curve of no group, the same in every panel."""
    curves = [c for panel in figure.panels for c in panel.curves if c.source == "ours"]
    # Where dashes tell training from test, they cannot tell groups apart too.
    plain = any(c.dashed for c in curves)
    keys = dict.fromkeys(key(c) for c in curves)
    return {
        k: Style(
            COLORS[i % len(COLORS)],
            MARKERS[i % len(MARKERS)],
            "-" if plain else DASHES[i % len(DASHES)],
        )
        for i, k in enumerate(keys)
    }


def key(curve: Curve) -> str:
    return curve.group or curve.name


def dash(curve: Curve, style: Style) -> str | tuple[int, tuple[float, ...]]:
    if curve.dotted:
        return ":"
    return _TRAIN if curve.dashed else style.dash
