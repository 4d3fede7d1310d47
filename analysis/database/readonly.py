"""Which SQL does nothing but read.

DuckDB's settings keep queries from files, and would let them change what is in memory. What kind a
statement is does not settle it either: since DuckDB 2.0 a WITH may hold COPY, INSERT, UPDATE and
DELETE, and there are table functions that run SQL given as text. No query can name a file, so that
it does not depend on DuckDB's settings alone that none is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from gensweep.analysis.database.errors import QueryError

_ALLOWED = "one SELECT or EXPLAIN statement"
# Comments are left to DuckDB, so that it and we never disagree where one ends.
_EXPLAIN = re.compile(
    r"^\s*explain\s+(analyze\s+)?(\(\s*(analyze|format)\b[\w\s,]*\)\s*)?", re.IGNORECASE
)
_READING_NODES = ("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE")
_TABLE_FUNCTIONS = (
    *("duckdb_columns", "duckdb_functions", "duckdb_views"),
    *("generate_series", "json_each", "json_tree", "range", "unnest"),
)
_PATH = re.compile(r"[/\\]")
_KINDS = {
    "EXPLAIN": "a comment breaks up EXPLAIN",
    "MULTI": "PIVOT without a list of values creates a type",
}


def check(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raise QueryError, or DuckDB's own error, unless the query only reads."""
    try:
        query.encode()
    except UnicodeEncodeError:
        raise QueryError("query", "is not text in UTF-8") from None
    kinds = _kinds(connection, query)
    if kinds == ["EXPLAIN"]:
        # EXPLAIN ANALYZE runs what it explains.
        query = _EXPLAIN.sub("", query, count=1)
        kinds = _kinds(connection, query)
    if kinds != ["SELECT"]:
        one = len(kinds) == 1
        what = _KINDS.get(kinds[0], f"{kinds[0]} is not a query") if one else "is not one statement"
        raise QueryError("query", what, _ALLOWED)
    for node in _nodes(_parsed(connection, query)):
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in _READING_NODES:
            raise QueryError("query", f"{kind.split('_')[0]} is not a query", _ALLOWED)
        if kind == "TABLE_FUNCTION":
            name = str(node["function"]["function_name"])
            if name.lower() not in _TABLE_FUNCTIONS:
                allowed = "the table functions are " + ", ".join(_TABLE_FUNCTIONS)
                raise QueryError("query", f"{name[:100]} is not allowed in queries", allowed)
        if _PATH.search(str(node.get("table_name", ""))):
            raise QueryError("query", "reads no files", "the views and what is made of them")


def _kinds(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [_kind(statement) for statement in connection.extract_statements(query)]


def _kind(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # DuckDB knows more kinds than its Python does: UPDATE EXTENSIONS
        return "this"


def _parsed(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """The syntax tree; asked for on a connection of its own, to leave open results alone."""
    with connection.cursor() as cursor:
        answer = cursor.execute("select json_serialize_sql(?::varchar)", [query]).fetchone()
    assert answer is not None  # one row, always
    tree = json.loads(answer[0])
    if tree["error"]:
        raise QueryError("query", " ".join(tree["error_message"].split()), _ALLOWED)
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in the tree, however deep."""
    left = [tree]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield part
            left += part.values()
        elif isinstance(part, list):
            left += part
