"""`compact` and `merge` change files, and nothing of what there is to read in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gensweep.analysis.database.catalog import VIEWS
from gensweep.orchestrator.store.claiming import hold
from gensweep.orchestrator.store.layout import Store

Gensweep = Callable[..., Any]


def everything(gensweep: Gensweep, folder: Path) -> list[str]:
    options = ("--results", str(folder), "--format", "csv")
    return [gensweep("query", f"from {view} order by all", *options).out for view in VIEWS]


def test_compaction_leaves_what_can_be_read_as_it_was(gensweep: Gensweep, results: Path) -> None:
    before = everything(gensweep, results)
    done = gensweep("compact")
    assert (done.code, done.out) == (0, "")
    assert done.err == "took in 10 trials; 12 files before, 5 after\n"
    assert everything(gensweep, results) == before
    assert gensweep("compact").err == "took in 0 trials; 5 files before, 5 after\n"


def test_a_merge_brings_what_has_ended_and_the_sweeps(gensweep: Gensweep, results: Path) -> None:
    done = gensweep("merge", "results", "--results", "mine")
    assert (done.code, done.out) == (0, "")
    assert done.err == "took in 10 trials and 2 sweeps of results\n"
    ended = "from trials where status in ('done', 'diverged', 'failed') order by trial_id"
    theirs, mine = (
        gensweep("query", ended, "--results", folder).out for folder in ("results", "mine")
    )
    assert mine == theirs
    assert (
        gensweep("status", "--results", "mine", "--format", "csv")
        .out.splitlines()[2]
        .startswith("made,12,3,0,7,1,1,0,")
    )
    again = gensweep("merge", "results", "--results", "mine")
    assert again.err == "took in 0 trials and 2 sweeps of results\n"


def test_a_merge_leaves_the_other_folder_as_it_is(gensweep: Gensweep, results: Path) -> None:
    shutil.copytree(results, "copy")
    gensweep("merge", "results", "--results", "mine")
    for path in Path("copy").rglob("*.parquet"):
        assert (results / path.relative_to("copy")).read_bytes() == path.read_bytes()


def test_a_folder_that_somebody_else_compacts_is_said_to_be_busy(
    gensweep: Gensweep, results: Path
) -> None:
    with hold(Store.open(results), "compaction"):
        done = gensweep("compact")
    assert (done.code, done.out) == (3, "")
    assert "in use: compaction by process " in done.err
    assert done.err.count("\n") == 1
