"""Every key of a TOML file is found on the line on which it stands."""

from __future__ import annotations

import tomllib
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gensweep.orchestrator.lines import line_numbers, line_of

Key = tuple[str | int, ...]

NAMES = st.text("aZ0_-", max_size=4)  # made different by a number at their end
VALUES = st.sampled_from(
    [
        "1",
        "0.5",
        "true",
        '"a = b"',
        "'[not.a.table]'",
        '["x", "y"]  # a comment = "this"',
        "[\n  0.1,\n  0.2,  # half\n]",
        "{ inner = 1 }",
    ]
)
INDENTS = st.sampled_from(["", "  ", "\t"])
FILLERS = st.lists(
    st.sampled_from(["", "  ", "# key = 1", "  # [table]", "# ü\u2028ö"]), max_size=2
)
# A table: its kind, its name, and its keys with their values and quotes.
KEYS = st.lists(st.tuples(NAMES, VALUES, st.sampled_from(["{}", '"{}"', "'{}'"])), max_size=4)
TABLES = st.lists(
    st.tuples(st.sampled_from(["table", "array"]), st.lists(NAMES, min_size=1, max_size=2), KEYS),
    max_size=5,
)


class Made:
    """A TOML text under construction, with the line of all that was put in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.expected: dict[Key, int] = {}
        self.names = count()

    def name(self, text: str) -> str:
        return f"{text}x{next(self.names)}"

    def add(self, text: str, *paths: Key) -> None:
        for path in paths:
            self.expected.setdefault(path, len(self.lines) + 1)
        self.lines += text.split("\n")


@st.composite
def toml_files(draw: st.DrawFn) -> Made:
    made = Made()
    arrays: dict[Key, int] = {}

    def put(table: Key, keys: list[tuple[str, str, str]]) -> None:
        for text, value, quotes in keys:
            for filler in draw(FILLERS):
                made.add(filler)
            name = made.name(text)
            made.add(f"{draw(INDENTS)}{quotes.format(name)} = {value}", (*table, name))

    put((), draw(KEYS))
    for kind, names, keys in draw(TABLES):
        name = tuple(made.name(text) for text in names)
        if kind == "table":
            made.add(f"[{'.'.join(name)}]  # [[grid]]", name)
            put(name, keys)
            continue
        for _ in range(draw(st.integers(1, 3))):
            arrays[name] = arrays.get(name, -1) + 1
            made.add(f"[[{' . '.join(name)}]]", name, (*name, arrays[name]))
            put((*name, arrays[name]), keys)
    return made


def leaves(content: Any, path: Key = ()) -> set[Key]:
    """Every key of what the standard parser makes of a text."""
    found: set[Key] = set()
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in pairs:
        if path or isinstance(key, str):
            found.add((*path, key))
        tables = isinstance(value, list) and value and isinstance(value[0], dict)
        if (isinstance(value, dict) and value != {"inner": 1}) or tables:
            found |= leaves(value, (*path, key))
    return found


@given(made=toml_files())
def test_every_key_and_table_is_found_on_its_line(made: Made) -> None:
    text = "\n".join(made.lines)
    assert line_numbers(text) == made.expected
    parents = {path[:-1] for path in made.expected}
    assert leaves(tomllib.loads(text)) <= {*made.expected, *parents}


@given(made=toml_files())
def test_line_ends_do_not_matter(made: Made) -> None:
    text = "\n".join(made.lines)
    assert line_numbers(text.replace("\n", "\r\n")) == made.expected


def test_dotted_keys_are_paths() -> None:
    text = 'model.inception.lr = 0.1\n[regularizer]\ncrop."wd" = 1\n'
    assert line_numbers(text) == {
        ("model", "inception", "lr"): 1,
        ("regularizer",): 2,
        ("regularizer", "crop", "wd"): 3,
    }


def test_what_has_no_line_of_its_own_stands_with_the_nearest_table_around_it() -> None:
    lines = {("grid", 0): 3, ("grid", 0, "model"): 4}
    assert line_of(lines, ("grid", 0, "model")) == 4
    assert line_of(lines, ("grid", 0, "model", "inner", 1)) == 4
    assert line_of(lines, ("grid", 0, "lr")) == 3
    assert line_of(lines, ("grid", 1, "lr")) == 1
    assert line_of(lines, ()) == 1
