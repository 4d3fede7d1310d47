"""`gensweep watch`: a live view of a sweep, from the store alone."""

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
        float, typer.Option(help="Seconds between two updates.", min=0.1, metavar="SECONDS")
    ] = 2.0,
    results: Results = RESULTS,
) -> int:
    """Watch a sweep live, from any terminal or machine.

    Shows progress, running trials and fits so far. Ends after the last trial, with exit code 1 if a
    trial has failed. Says so if trials are left and no launch is running. In a pipe it prints one
    line per event.
    """
    from rich.live import Live

    from gensweep.analysis.progress.watch import look
    from gensweep.cli.console import SafeConsole
    from gensweep.cli.live import lines, picture

    console = SafeConsole()
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
                    console.print(line, soft_wrap=True)
            if now.over:
                return Exit.FAILED if now.statuses.get("failed") else Exit.OK
            time.sleep(every)
            db.refresh()
            before, now = now, look(db)
