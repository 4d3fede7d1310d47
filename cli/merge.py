"""`gensweep merge`: take in another results folder."""

from __future__ import annotations

from typing import Annotated

import typer

from gensweep.cli.exits import tell, warn
from gensweep.cli.options import RESULTS, Results


def merge_command(
    other: Annotated[str, typer.Argument(help="The results folder to take from.", metavar="OTHER")],
    results: Results = RESULTS,
) -> None:
    """Copy the trials and sweeps of another folder into this one.

    A trial that has ended in both folders stays as it is in this one.
    """
    from gensweep.orchestrator.store.layout import Store
    from gensweep.orchestrator.store.merging import merge
    from gensweep.trainables.words import counted

    done = merge(Store.create(results), Store.open(other))
    warn(done.damaged)
    taken = f"{counted(done.trials, 'trial')} and {counted(done.sweeps, 'sweep')}"
    tell(f"took in {taken} of {other}")
