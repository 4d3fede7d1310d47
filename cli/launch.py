"""`gensweep launch`: run what a sweep has not done yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gensweep.cli.codes import Exit
from gensweep.cli.options import RESULTS, Data, Results, data_folder
from gensweep.cli.plan import show_plan
from gensweep.cli.report import report_sweep
from gensweep.cli.sweeps import (
    MAX_TRIALS,
    MaxTrials,
    Only,
    Set,
    Sweep,
    choose,
    read_sweep,
    warn_of_leaving,
)
from gensweep.orchestrator.interrupt import catch_interrupt
from gensweep.trainables.status import Status
from gensweep.trainables.words import counted

if TYPE_CHECKING:
    from gensweep.orchestrator.plan import PlannedTrial
    from gensweep.orchestrator.remaining import Work
    from gensweep.orchestrator.sweep import SweepSpec


@catch_interrupt()  # whatever is under way
def launch(
    sweep: Sweep,
    results: Results = RESULTS,
    data: Data = None,
    address: Annotated[
        str | None, typer.Option(help="A running Ray cluster, such as `auto`.", metavar="ADDR")
    ] = None,
    only: Only = None,
    set_: Set = None,
    max_trials: MaxTrials = MAX_TRIALS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, run nothing.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run failed trials again.")
    ] = False,
) -> int:
    """Run every trial of a sweep that is not done.

    Ends with `gensweep report --brief`. Launching again continues where the last launch stopped.
    """
    spec, planned = read_sweep(sweep, set_, max_trials)
    chosen = choose(planned, only)
    if dry_run:
        show_plan(spec, planned, chosen, results)
        return Exit.OK

    from gensweep.cli.console import SafeConsole
    from gensweep.orchestrator.launch import Launch
    from gensweep.orchestrator.progress import show_progress
    from gensweep.orchestrator.remaining import remaining
    from gensweep.orchestrator.store.layout import Store
    from gensweep.orchestrator.store.snapshot import take_snapshot

    console = SafeConsole(stderr=True)
    store = Store.create(results)
    warn_of_leaving(take_snapshot(store), spec, planned)
    job = Launch(spec, planned, store, data_folder(data), address, retry_failed)
    work = remaining(store, chosen, retry_failed)
    todo = work.todo
    console.print(_beginning(spec, chosen, work))
    with show_progress(console, {p.trial.trial_id: p.trial for p in todo}) as display:
        summary = job.run(chosen, display)
    counts = ", ".join(f"{n} {status}" for status, n in summary.statuses.items())
    console.print(f"{spec.name}: {counts}")
    if summary.interrupted:
        console.print("stopped; the same command continues from here")
        return Exit.INTERRUPTED
    report_sweep(results, spec.name)
    if failed := summary.statuses[Status.FAILED]:
        console.print(
            f"{failed} failed: see `gensweep status {spec.name}`; --retry-failed runs them again"
        )
    return Exit.OK if summary.complete else Exit.FAILED


def _beginning(spec: SweepSpec, chosen: Sequence[PlannedTrial], work: Work) -> str:
    """Such as `made: 4 trials, 2 done, 1 diverged, 1 to run`."""
    todo = {p.trial.trial_id for p in work.todo}
    over = Counter(
        work.known[p.trial.trial_id].status for p in chosen if p.trial.trial_id not in todo
    )
    others = [f"{over[s]} {s}" for s in (Status.DIVERGED, Status.FAILED) if over[s]]
    parts = [counted(len(chosen), "trial"), f"{over[Status.DONE]} done", *others]
    ranks = spec.resources.ranks
    each = f", each as {ranks} ranks" if ranks > 1 and todo else ""
    return f"{spec.name}: {', '.join(parts)}, {len(todo)} to run{each}"
