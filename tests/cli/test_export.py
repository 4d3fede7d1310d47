"""`gensweep export` from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gensweep.analysis.exports import EXPORTS
from gensweep.cli.export import ExportFormat

Gensweep = Callable[..., Any]


def test_the_formats_are_those_there_are() -> None:
    assert [format_.value for format_ in ExportFormat] == list(EXPORTS)


@pytest.mark.parametrize(("sweep", "trials"), [((), 13), (("other",), 1)])
def test_all_results_or_those_of_a_sweep_are_written_and_nothing_printed(
    gensweep: Gensweep, results: Path, sweep: tuple[str, ...], trials: int
) -> None:
    done = gensweep("export", "there/out.duckdb", *sweep, "--format", "duckdb")
    assert done == (0, "", "gensweep: wrote there/out.duckdb\n")
    with duckdb.connect("there/out.duckdb", read_only=True) as client:
        assert client.sql("select count(*) from trials").fetchall() == [(trials,)]
