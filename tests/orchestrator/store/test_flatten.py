"""Nested trials become the rows that a plain loop over them would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.orchestrator.store.flatten import flatten
from gensweep.orchestrator.store.schemas import EPOCH, EPOCHS, LIVE, STEPS, TABLES, TRIALS, conform

NUMBERS = st.none() | st.floats(allow_nan=False)
EPOCH_ROW = st.fixed_dictionaries(
    {name: st.integers(0, 2**40) if name in ("epoch", "step") else NUMBERS for name in EPOCH.names}
)
STEP_ROW = st.fixed_dictionaries({"step": st.integers(0, 2**40), "train_loss": NUMBERS})
TRIAL = st.fixed_dictionaries(
    {
        "model": st.none() | st.text(max_size=5),
        "seed": st.integers(0, 9),
        "epoch_rows": st.none() | st.lists(EPOCH_ROW, max_size=4),
        "step_rows": st.none() | st.lists(STEP_ROW, max_size=4),
    }
)
LIVES = st.lists(TRIAL, max_size=6)


def named(trials: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"trial_id": f"id-{i}", **trial} for i, trial in enumerate(trials)]


def loop(trials: Sequence[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [{"trial_id": t["trial_id"], **row} for t in trials for row in t[column] or ()]


@given(trials=LIVES)
def test_every_epoch_and_step_becomes_a_row_of_its_trial(trials: list[dict[str, Any]]) -> None:
    trials = named(trials)
    tables = flatten(pa.Table.from_pylist(trials, schema=LIVE))
    assert tables["epochs"].to_pylist() == loop(trials, "epoch_rows")
    assert tables["steps"].to_pylist() == loop(trials, "step_rows")
    kept = tables["trials"].select(["trial_id", "model", "seed"]).to_pylist()
    assert kept == [{k: t[k] for k in ("trial_id", "model", "seed")} for t in trials]


@given(trials=LIVES, keep=st.lists(st.booleans(), min_size=6, max_size=6), cut=st.integers(0, 6))
def test_it_does_not_matter_how_the_trials_were_chosen_or_chunked(
    trials: list[dict[str, Any]], keep: list[bool], cut: int
) -> None:
    trials = named(trials)
    halves = [pa.Table.from_pylist(part, schema=LIVE) for part in (trials[:cut], trials[cut:])]
    live = pa.concat_tables(halves).filter(pa.array(keep[: len(trials)], pa.bool_())).slice(1)
    chosen = [t for t, yes in zip(trials, keep, strict=False) if yes][1:]
    assert flatten(live)["epochs"].to_pylist() == loop(chosen, "epoch_rows")
    assert flatten(live)["steps"].to_pylist() == loop(chosen, "step_rows")


def test_the_tables_have_their_schemas_even_without_a_row() -> None:
    assert {"trials": TRIALS, "epochs": EPOCHS, "steps": STEPS} == TABLES
    for name, table in flatten(LIVE.empty_table()).items():
        assert table.num_rows == 0
        assert table.schema.equals(TABLES[name])


def test_conforming_adds_what_is_missing_and_orders_the_rest() -> None:
    found = conform(pa.table({"train_loss": [1.0], "trial_id": ["a"]}), STEPS)
    assert found.schema.equals(STEPS)
    assert found.to_pylist() == [{"trial_id": "a", "step": None, "train_loss": 1.0}]


def test_conforming_drops_what_is_unknown() -> None:
    table = pa.table({"train_loss": [1.0], "mood": ["good"], "trial_id": ["a"], "step": [2]})
    found = conform(table, STEPS)
    assert found.schema.equals(STEPS)
    assert found.to_pylist() == [{"trial_id": "a", "step": 2, "train_loss": 1.0}]


@pytest.mark.parametrize("name", ["stepp", "mood"])
def test_a_name_that_is_unknown_where_another_is_missing_is_damage(name: str) -> None:
    """Columns are only ever added, so no version of gensweep has written this."""
    table = pa.table({"train_loss": [1], name: [2], "trial_id": ["a"]})
    with pytest.raises(pa.ArrowInvalid, match=f"unknown columns '{name}' in place of others"):
        conform(table, STEPS)


def test_names_within_nested_rows_are_looked_at_too() -> None:
    rows = [{"epoch": 1, "trein_loss": 2.0}]
    table = pa.Table.from_pylist([{"trial_id": "a", "epoch_rows": rows}])
    with pytest.raises(pa.ArrowInvalid, match=r"'epoch_rows\.trein_loss' in place of others"):
        conform(table, LIVE)
