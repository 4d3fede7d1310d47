"""Trials with their rows inside, as flat tables."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from gensweep.orchestrator.store.schemas import EPOCHS, STEPS, TRIALS


def flatten(live: pa.Table) -> dict[str, pa.Table]:
    """The trials (LIVE) as the three flat tables."""
    return {
        "trials": live.select(TRIALS.names).cast(TRIALS),
        "epochs": _unnest(live, "epoch_rows", EPOCHS),
        "steps": _unnest(live, "step_rows", STEPS),
    }


def _unnest(live: pa.Table, column: str, schema: pa.Schema) -> pa.Table:
    nested = live[column].combine_chunks()
    ids = live["trial_id"].combine_chunks().take(pc.list_parent_indices(nested))
    rows = pc.list_flatten(nested)
    return pa.Table.from_arrays([ids, *rows.flatten()], schema=schema)
