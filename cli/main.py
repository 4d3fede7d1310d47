"""The `gensweep` program."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli import compact, data, doctor, exits, launch, merge, plan, query, report, show, status

app = typer.Typer(
    name="gensweep",
    help="A sweep file in, a queryable database of trials out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("plan")(plan.plan_command)
app.command()(launch.launch)
app.command()(status.status)
app.command()(show.show)
app.command()(query.query)
app.command()(report.report)
app.command("compact")(compact.compact_command)
app.command("merge")(merge.merge_command)
app.command()(doctor.doctor)
app.add_typer(data.app, name="data")


def print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version as installed

        typer.echo(f"gensweep {installed('gensweep')}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=print_version),
    ] = False,
) -> None:
    """A sweep file in, a queryable database of trials out."""


def main() -> None:
    """Run the command line and exit with its code."""
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"] or ["--help"]
    sys.exit(exits.run(lambda: _call(arguments), debug))


def _call(arguments: list[str]) -> int | None:
    """As `app(arguments)`, which would answer interrupts and closed pipes itself."""
    command = typer.main.get_command(app)
    with command.make_context("gensweep", arguments) as context:
        code: int | None = command.invoke(context)
    return code
