"""`gensweep watch`: a sweep as it goes on, from the store alone."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Annotated

import typer

from gensweep.cli.codes import Exit
from gensweep.cli.options import RESULTS, Results, SweepName
from gensweep.cli.reading import opened


def watch(
    sweep: SweepName = None,
    every: Annotated[
        float, typer.Option(help="Look again after so many seconds.", min=0.1, metavar="SECONDS")
    ] = 2.0,
    results: Results = RESULTS,
) -> int:
    """Watch a sweep go on, from any terminal or machine: progress, running trials, fits so far.

    Ends with its last trial, with 1 if one has failed; says when no launch is at work on those
    that are left. In a pipe it prints a line per event.
    """
    from rich.console import Console
    from rich.live import Live

    from gensweep.analysis.progress.watch import look
    from gensweep.cli.live import lines, picture

    console = Console(highlight=False)
    with opened(results, sweep) as db, ExitStack() as stack:
        live = None
        if console.is_terminal:
            live = stack.enter_context(Live(console=console, auto_refresh=False))
        before, now = None, look(db)
        while True:
            if live:
                live.update(picture(sweep or "all trials", now, console), refresh=True)
            else:
                for line in lines(before, now):
                    console.print(line, soft_wrap=True, markup=False)
            if now.over:
                return Exit.FAILED if now.statuses.get("failed") else Exit.OK
            time.sleep(every)
            db.refresh()
            before, now = now, look(db)
