"""The paper's numbers as data: each with what it is of, and how sure we are of it.

A file holds a table of the paper. Numbers stand there as the paper prints them, with their
certainty in brackets where it is not that of the whole file: `train_accuracy = "99.21 [M]"`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, get_type_hints

import duckdb

FILES = ("table_1", "table_2", "table_3", "table_4", "figures")
CERTAINTY = {
    "T": "read in a transcription of the paper",
    "N": "second-hand notes that agree with each other",
    "M": "remembered, unconfirmed",
}
BOUNDS = {"≈": "~", "≲": "<=", "≤": "<=", "≥": ">="}

# What a file may say of an item: the metric it becomes, and the unit in which it is printed.
# A metric printed in per cent is a fraction here, and an accuracy an error.
METRICS = {
    "train_accuracy": ("train_error", "accuracy in %"),
    "test_accuracy": ("test_error", "accuracy in %"),
    "best_test_accuracy": ("best_test_error", "accuracy in %"),
    "train_top5_accuracy": ("train_top5_error", "accuracy in %"),
    "test_top5_accuracy": ("test_top5_error", "accuracy in %"),
    "best_test_top5_accuracy": ("best_test_top5_error", "accuracy in %"),
    "test_error_percent": ("test_error", "error in %"),
    "early_stopping_gain": ("early_stopping_gain", "error in %"),
    "batch_norm_gain": ("batch_norm_gain", "error in %"),
    "convergence_ratio": ("convergence_ratio", "ratio"),
    "rademacher": ("rademacher", "correlation"),
    "parameters": ("parameters", "weights"),
    "solution_norm": ("solution_norm", "norm"),
    "bandwidth": ("bandwidth", "coefficient"),
}


@dataclass(frozen=True)
class Number:
    """A number of the paper.

    source:      where it stands: `table_1`, `figure_1b`, `text`, …
    item:        what it is of, in the paper's words.
    value:       a fraction for errors; None where the paper has words instead of a number.
    bound:       whether the true value is `=`, `~` (about), `<=` or `>=` the one given.
    printed:     as it is printed, in `unit`.
    certainty:   a key of CERTAINTY.
    """

    source: str
    item: str
    trainable: str
    dataset: str
    model: str
    batch_norm: bool | None
    randomization: str | None
    regularizer: str | None
    metric: str
    value: float | None
    bound: str
    printed: str
    unit: str
    certainty: str


_ABOUT = {"source", "item", "trainable", "dataset", "model"}
_ABOUT |= {"batch_norm", "randomization", "regularizer"}
_PRINTED = re.compile(r"(?P<printed>(?P<bound>\D )?(?P<figure>.+?))( \[(?P<mark>\w+)\])?")


@cache
def paper_numbers() -> tuple[Number, ...]:
    """Every number, in the order of the files."""
    return tuple(number for name in FILES for number in _read(name))


def title(name: str, of: str = "title") -> str:
    """What a file's numbers are, for a person; with "elsewhere", its rows of what is not in it."""
    return str(_content(name)[of])


def create_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Put them into a database, as `paper_numbers`, with their `position` in this order."""
    # Column by column: that takes DuckDB a tenth of the time it takes for rows.
    types = get_type_hints(Number)
    sql = {str: "varchar", str | None: "varchar", bool | None: "boolean", float | None: "double"}
    columns = [f"unnest(?::{sql[types[f.name]]}[]) as {f.name}" for f in fields(Number)]
    values = [list(column) for column in zip(*map(astuple, paper_numbers()), strict=True)]
    query = f"unnest(range({len(paper_numbers())})) as position, {', '.join(columns)}"
    connection.execute(f"create table paper_numbers as select {query}", values)


def _content(name: str) -> dict[str, Any]:
    return tomllib.loads(
        files("gensweep.analysis.database").joinpath(f"paper/{name}.toml").read_text("utf-8")
    )


def _read(name: str) -> list[Number]:
    content = _content(name)
    unsaid = {"source": name, "trainable": "classifier"} | dict.fromkeys(
        ("batch_norm", "randomization", "regularizer")
    )
    numbers = []
    for item in content["item"]:
        given = {**unsaid, **content["same"], **item}
        about = {key: given.pop(key) for key in _ABOUT}
        for key, text in given.items():  # an unknown metric is a KeyError
            numbers.append(Number(**about, **_parsed(*METRICS[key], text, content)))
    return numbers


def _parsed(metric: str, unit: str, text: str, content: dict[str, Any]) -> dict[str, Any]:
    found = _PRINTED.fullmatch(text)
    assert found, f"{text} is not a number with its certainty"
    return {
        "metric": metric,
        "value": _value(found["figure"], unit),
        "bound": BOUNDS[found["bound"].strip()] if found["bound"] else "=",
        "printed": found["printed"],
        "unit": unit,
        "certainty": found["mark"] or content["certainty"],
    }


def _value(figure: str, unit: str) -> float | None:
    """Exactly the fraction that the decimal digits mean."""
    if not figure[0].isdigit():
        return None
    value = Decimal(figure.replace(",", ""))
    if unit == "accuracy in %":
        return float(1 - value / 100)
    return float(value / 100 if unit == "error in %" else value)
