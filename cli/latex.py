"""Tables for a paper: LaTeX with booktabs, a table environment each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gensweep.analysis.tables.table import Formatted, Table, formatted

_SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "–": "--",
    "…": r"\ldots{}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "∞": r"$\infty$",
    "Δ": r"$\Delta$",
    "\n": " ",
}
_ESCAPED = re.compile("|".join(map(re.escape, _SPECIAL)))
_MINUS = re.compile(r"(?<![\w.])-(?=\d)|(?<=\de)-(?=\d)")  # of a number, and not a hyphen


def latex(tables: Sequence[Table]) -> str:
    """The preamble has to have `\\usepackage{booktabs}`."""
    return "\n".join(map(_environment, tables))


def _environment(table: Table) -> str:
    shown = formatted(table)
    if not shown.columns:  # text alone
        return _lines(r"\begin{verbatim}", *map(_kept_verbatim, shown.notes), r"\end{verbatim}")
    if shown.prose:
        return _lines(*(escape(text) for (text,) in shown.texts()))
    notes = r" \\ ".join(map(escape, shown.notes))
    return _lines(
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(shown.title)}}}",
        rf"\label{{tab:{table.name}}}",
        *_tabular(shown, titled=bool(table.title)),
        *([rf"\par\smallskip\footnotesize {notes}"] if notes else []),
        r"\end{table}",
    )


def _tabular(shown: Formatted, titled: bool) -> list[str]:
    headings = [column.heading if titled else column.name for column in shown.columns]
    return [
        rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in shown.right)}}}",
        r"\toprule",
        _row(headings),
        r"\midrule",
        *map(_row, shown.texts()),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _row(cells: Sequence[str]) -> str:
    # A line that begins with a bracket or a star would be an option of the line break before it.
    return " & ".join(re.sub(r"^\s*(?=[\[*])", "{}", escape(cell)) for cell in cells) + r" \\"


def escape(text: str) -> str:
    """Text that LaTeX sets as it is, with a minus before numbers."""
    return _ESCAPED.sub(lambda found: _SPECIAL[found[0]], _MINUS.sub("−", text))


def _kept_verbatim(text: str) -> str:
    """Without what would end the environment, and set the rest as commands."""
    return text.replace(r"\end{verbatim}", r"\end {verbatim}")


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
