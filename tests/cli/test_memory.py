"""Where memory runs out, a person reads one line, whichever library ran out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import torch

from gensweep.analysis.database.errors import QueryError
from gensweep.cli import exits
from gensweep.cli.codes import Exit

FAR_TOO_MUCH = 10**14  # bytes
LINE = (
    "gensweep: error: memory: there is too little for this; "
    "ask for less, or raise what `ulimit -v` shows\n"
)


def by_duckdb() -> Any:
    with duckdb.connect(config={"memory_limit": "1MB", "temp_directory": ""}) as connection:
        return connection.execute("select list(i) from range(10000000) t(i)").fetchall()


def by_a_query() -> Any:
    try:
        return by_duckdb()
    except duckdb.Error as error:
        raise QueryError("query", "is too large") from error


def raises(error: BaseException) -> Callable[[], Any]:
    def ask() -> Any:
        raise error

    return ask


ASKING: dict[str, Callable[[], Any]] = {
    "Python": lambda: bytearray(FAR_TOO_MUCH),
    "NumPy": lambda: np.empty(FAR_TOO_MUCH),
    "Arrow": lambda: pa.allocate_buffer(FAR_TOO_MUCH),
    "PyTorch": lambda: torch.empty(FAR_TOO_MUCH),
    "DuckDB": by_duckdb,
    "an import": raises(ImportError("libarrow.so: failed to map segment from shared object")),
    "a thread": raises(RuntimeError("can't start new thread")),
    "an extension": raises(SystemError("error return without exception set")),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_every_way_to_run_out_of_memory_is_one_line_and_code_3(
    ask: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits.run(ask, debug=False) == Exit.UNUSABLE
    assert capsys.readouterr().err == LINE


def test_a_query_without_memory_keeps_its_line_and_ends_with_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exits.run(by_a_query, debug=False) == Exit.FAILED
    assert capsys.readouterr().err == "gensweep: error: query: is too large\n"


def test_another_error_is_none_of_memory(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (RuntimeError("no"), ImportError("no module"), KeyError("out of memory")):
        exits.run(raises(error), debug=False)
        assert "this is a bug in gensweep" in capsys.readouterr().err
