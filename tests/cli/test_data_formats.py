"""Formats for programs hold the data as they are, whatever they are."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gensweep.analysis.database.connection import Database
from gensweep.analysis.tables.names import distinct
from gensweep.analysis.tables.table import Table
from gensweep.cli import output
from gensweep.cli.formats import Format
from gensweep.cli.latex import escape

Gensweep = Callable[..., Any]

ODD = """
    select 'nan'::double as nan, 'inf'::double as infinite, -1e300 as large, null as nothing,
        true as yes, 1.5 as decimal, 2::hugeint ** 70 as huge,
        'a|b "c" é,' || chr(10) || 'd' as text,
        timestamp '2026-01-02 03:04:05.5' as moment, date '2026-01-02' as day,
        [1, null] as list, {'a': 'nan'::double, 'b': date '2026-01-02'} as struct,
        map {'k': 1} as map, interval 90 second as span
"""
AS_JSON = {
    "nan": None,
    "infinite": None,
    "large": -1e300,
    "nothing": None,
    "yes": True,
    "decimal": 1.5,
    "huge": 2.0**70,
    "text": 'a|b "c" é,\nd',
    "moment": "2026-01-02T03:04:05.500000",
    "day": "2026-01-02",
    "list": [1, None],
    "struct": {"a": None, "b": "2026-01-02"},
    "map": {"k": 1},
    "span": "0:01:30",
}


def strict(text: str) -> Any:
    """JSON as the standard has it, which knows no NaN."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_json_is_valid_whatever_the_values(gensweep: Gensweep, results: Path) -> None:
    assert strict(gensweep("query", ODD, "--format", "json").out) == [AS_JSON]
    (line,) = gensweep("query", ODD, "--format", "jsonl").out.splitlines()
    assert strict(line) == AS_JSON


def test_csv_keeps_every_value_in_its_cell(gensweep: Gensweep, results: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(gensweep("query", ODD, "--format", "csv").out))
    assert row["text"] == AS_JSON["text"]
    assert (row["nan"], row["infinite"], row["large"]) == ("nan", "inf", "-1e+300")
    assert (row["nothing"], row["yes"], row["decimal"]) == ("", "true", "1.5")
    assert (row["moment"], row["day"]) == (AS_JSON["moment"], AS_JSON["day"])
    assert strict(row["list"]) == AS_JSON["list"]
    assert strict(row["struct"]) == AS_JSON["struct"]


def test_markdown_has_a_line_per_row_and_a_cell_per_column(
    gensweep: Gensweep, results: Path
) -> None:
    lines = gensweep("query", ODD, "--format", "markdown").out.splitlines()
    assert len(lines) == 3
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(AS_JSON) + 1}
    assert 'a\\|b "c" é, d' in lines[2]


def test_latex_has_a_line_per_row_and_every_special_character_escaped(
    gensweep: Gensweep, results: Path
) -> None:
    lines = gensweep("query", ODD, "--format", "latex").out.splitlines()
    rows = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert [line.replace(r"\&", "").count("&") for line in rows] == [len(AS_JSON) - 1]
    assert lines[0] == r"\begin{table}"


@pytest.mark.parametrize(
    ("text", "set_"),
    [
        ("50 % of $x_1 & {#2}", r"50 \% of \$x\_1 \& \{\#2\}"),
        (
            r"a\b ~ ^ a|b < c",
            r"a\textbackslash{}b \textasciitilde{} \textasciicircum{} a$|$b $<$ c",
        ),
        ("-1.50 ±0.20", r"$-$1.50 $\pm$0.20"),
        ("1e-05, no-one, 2026-01-02", r"1e$-$05, no-one, 2026-01-02"),
        ("Δ ≥ 2×, ∞ or –", r"$\Delta$ $\geq$ 2$\times$, $\infty$ or --"),
    ],
)
def test_latex_sets_text_as_it_is_and_numbers_with_a_minus(text: str, set_: str) -> None:
    assert escape(text) == set_


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=("Cs",))),
)
TABLES = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), max_size=4).map(
        lambda rows: Table("t", [f"column {i}" for i in range(n)], rows)
    )
)


def written(table: Table, format_: Format, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    output.emit([table], format_)
    return capsys.readouterr().out


@given(table=TABLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_can_be_read_back(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [list(row) for row in table.rows]
    found = strict(written(table, Format.JSON, capsys))
    assert found == table.records()
    lines = written(table, Format.JSONL, capsys).split("\n")[:-1]
    assert [strict(line) for line in lines] == table.records()
    head, *body = csv.reader(io.StringIO(written(table, Format.CSV, capsys), newline=""))
    assert head == table.columns
    assert body == [[_in_csv(value) for value in row] for row in rows]


def _in_csv(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_several_tables_can_be_told_apart(gensweep: Gensweep, results: Path) -> None:
    names = ["sweeps", "nodes", "running", "trouble"]
    assert list(strict(gensweep("status", "--format", "json").out)) == names
    parts = gensweep("status", "--format", "csv").out.split("\n\n")
    assert [part.splitlines()[0] for part in parts] == [f"# {name}" for name in names]
    lines = gensweep("status", "--format", "jsonl").out.splitlines()
    assert {strict(line)["table"] for line in lines} == {"sweeps", "trouble"}


def test_the_report_of_a_sweep_has_the_rows_of_that_sweep_alone(
    gensweep: Gensweep, results: Path
) -> None:
    asked = ("--only", "convergence", "--format", "json")
    every, other = (strict(gensweep("report", *of, *asked).out) for of in ([], ["other"]))
    assert other == [row for row in every if row["dataset"] == "digits"]
    assert 0 < len(other) < len(every)


@pytest.mark.parametrize("width", [40, 80])
def test_numbers_are_never_broken_over_lines(gensweep: Gensweep, results: Path, width: int) -> None:
    lines = gensweep("report", "--only", "corruption", width=width).out.splitlines()
    assert max(map(len, lines)) <= width
    words = " ".join(line.split("⡇")[0] for line in lines).split()
    exact = json.loads(gensweep("report", "--only", "corruption", "--format", "json").out)
    assert {f"{100 * row['test_error']:.2f}" for row in exact} <= set(words)


@pytest.mark.parametrize(
    ("names", "numbered"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_1", "a_2"]),
        (["a", "a", "a_1"], ["a", "a_2", "a_1"]),
        (["a_1", "a", "a", "a_1"], ["a_1", "a", "a_2", "a_1_1"]),
        (["", "", "A", "a"], ["", "_1", "A", "a"]),
    ],
)
def test_columns_of_one_name_are_numbered_apart_from_all_others(
    names: list[str], numbered: list[str]
) -> None:
    assert distinct(names) == numbered


@given(st.lists(st.sampled_from(["a", "a_1", "a_1_1", "a_2", "b", ""])))
def test_every_column_has_a_name_of_its_own_and_those_that_have_one_keep_it(
    names: list[str],
) -> None:
    found = distinct(names)
    assert len(set(found)) == len(names)
    assert set(names) <= set(found)


@pytest.mark.parametrize("format_", Format)
def test_no_format_loses_a_column_whose_name_another_has(
    gensweep: Gensweep, results: Path, format_: Format
) -> None:
    out = gensweep("query", "select 17 as a, 18 as a, 19 as a_1", "--format", format_).out
    for value in ("17", "18", "19", "a", "a_1", "a_2"):
        assert value in out.replace(r"\_", "_")


def test_a_join_of_all_columns_has_them_all(gensweep: Gensweep, results: Path) -> None:
    query = "select t.*, e.* from trials t join epochs e using (trial_id) order by all limit 1"
    (row,) = strict(gensweep("query", query, "--format", "json").out)
    with Database(results) as db:
        (values,) = db.sql(query).fetchall()
        (record,) = db.table(query).records()
    assert len(row) == len(record) == len(values)
    assert {"trial_id", "trial_id_1", "lr", "lr_1", "epoch"} <= set(row)


def test_rows_of_several_tables_keep_a_column_called_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables = [Table(name, ["table"], [[1]]) for name in ("a", "b")]
    output.emit(tables, Format.JSONL)
    lines = [strict(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"table": "a", "table_1": 1}, {"table": "b", "table_1": 1}]


@given(table=TABLES, tables=st.integers(0, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_is_laid_out_as_the_library_does(
    table: Table, tables: int, capsys: pytest.CaptureFixture[str]
) -> None:
    given_ = [replace(table, name=f"t {n}") for n in range(tables)]
    expected: Any = {one.name: one.records() for one in given_}
    if tables == 1:
        expected = given_[0].records()
    capsys.readouterr()
    output.emit(given_, Format.JSON)
    found = capsys.readouterr().out
    assert found == json.dumps(expected, indent=1) + "\n"


@pytest.mark.parametrize("format_", [Format.TABLE, Format.MARKDOWN, Format.LATEX])
def test_people_get_the_beginning_of_a_long_result_and_how_to_get_the_rest(
    gensweep: Gensweep, results: Path, format_: Format
) -> None:
    asked = gensweep("query", f"from range({output.MOST + 7})", "--format", format_).out
    note = f"the first {output.MOST} of {output.MOST + 7} rows; "
    assert note in asked
    assert "gensweep query --format csv" in asked
    assert f"{output.MOST - 1}" in asked
    assert f"{output.MOST + 1}" not in asked
    whole = gensweep("query", f"from range({output.MOST})", "--format", format_).out
    assert "the first" not in whole


@pytest.mark.parametrize("format_", ["csv", "json", "jsonl"])
def test_a_result_larger_than_memory_is_written_as_it_comes(
    process: Callable[..., subprocess.CompletedProcess[str]], results: Path, format_: str
) -> None:
    """And no further than somebody reads it."""
    query = "with recursive r as (select 1 as n union all select n + 1 from r) from r"
    line = f"gensweep query '{query}' --format {format_} | head -n 3"
    done = process(f"set +o pipefail; {line}; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3


def test_the_memory_of_a_large_result_does_not_grow_with_it(
    process: Callable[..., subprocess.CompletedProcess[str]], results: Path
) -> None:
    peak = "import resource, sys; from gensweep.cli.exits import run; from gensweep.cli.main import"
    peak += " _call; run(lambda: _call(sys.argv[1:]), False);"
    peak += " print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    used = [
        int(
            process(
                f"python -c '{peak}' query 'from range({rows})' --format json > /dev/null"
            ).stderr
        )
        for rows in (10, 400_000)
    ]
    assert used[1] - used[0] < 40_000  # kB; its rows were 150 MB more
