"""`gensweep compact`: few large files instead of one per trial."""

from __future__ import annotations

from gensweep.cli.exits import tell, warn
from gensweep.cli.options import RESULTS, Results


def compact_command(results: Results = RESULTS) -> None:
    """Move ended trials into large files. Safe at any time, also while trials run."""
    from gensweep.orchestrator.store.compaction import compact
    from gensweep.orchestrator.store.layout import Store

    done = compact(Store.open(results))
    warn(done.damaged)
    tell(
        f"took in {done.trials} trials; {done.files_before} files before, {done.files_after} after"
    )
