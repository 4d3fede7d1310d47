"""The `gensweep` program."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gensweep.cli import exits, streams
from gensweep.cli.codes import Exit
from gensweep.orchestrator.aside import any_stuck
from gensweep.trainables.names import unknown

# The module of each command, imported only when the command is called.
COMMANDS = {
    "plan": "gensweep.cli.plan:plan_command",
    "launch": "gensweep.cli.launch:launch",
    "status": "gensweep.cli.status:status",
    "watch": "gensweep.cli.watch:watch",
    "show": "gensweep.cli.show:show",
    "query": "gensweep.cli.query:query",
    "sql": "gensweep.cli.sql:sql",
    "diff": "gensweep.cli.diff:diff",
    "report": "gensweep.cli.report:report",
    "plot": "gensweep.cli.plot:plot",
    "export": "gensweep.cli.export:export",
    "compact": "gensweep.cli.compact:compact_command",
    "merge": "gensweep.cli.merge:merge_command",
    "doctor": "gensweep.cli.doctor:doctor",
    "data": "gensweep.cli.data:app",
}


# What helps where another program's command is tried.
MEANT = {
    **dict.fromkeys(("run", "start", "train", "sweep", "resume", "continue"), "gensweep launch"),
    **dict.fromkeys(("ls", "list", "ps", "trials", "progress"), "gensweep status"),
    **dict.fromkeys(("ui", "dashboard", "html", "view"), "gensweep report --html report.html"),
    **dict.fromkeys(("figure", "draw", "chart"), "gensweep plot"),
    **dict.fromkeys(("select", "db", "shell"), "gensweep sql"),
    **dict.fromkeys(("compare",), "gensweep diff"),
    **dict.fromkeys(("prepare", "download", "datasets", "dataset"), "gensweep data"),
    **dict.fromkeys(("check", "info", "version"), "gensweep doctor"),
    **dict.fromkeys(("stop", "kill", "cancel"), "Ctrl-C in the launch, which saves its trials"),
    **dict.fromkeys(("rm", "remove", "delete", "clean"), "rm on the results folder"),
}


class Commands(TyperGroup):
    """The commands of COMMANDS, each loaded on demand."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Raises TyperException for what is no command, with what is near or meant."""
        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            what, allowed = unknown("command", name, COMMANDS)
            if name in MEANT:
                what, allowed = f"unknown command {name!r}; use {MEANT[name]}", ""
            raise typer.TyperException("; ".join(filter(None, (what, allowed))))
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        found = getattr(import_module(module), name)
        if isinstance(found, typer.Typer):
            group = found
        else:
            group = typer.Typer(add_completion=False, rich_markup_mode=None)
            group.command(cmd_name)(found)
        return typer.main.get_command(group)


app = typer.Typer(
    name="gensweep",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A sweep file in, a queryable database of trials out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    """Run the command line, and end the process with its exit code."""
    code: int = Exit.FAILED

    def leave() -> None:
        """Skip the end of libraries: Arrow aborts there where its threads have only just begun."""
        streams.finish()
        os._exit(code)

    atexit.register(leave)  # first, and so called after all that is registered later
    code = obey(at_interrupt=_ignore_signals)
    if any_stuck():
        os._exit(code)  # as what is called at exit would wait for what cannot be stopped
    sys.exit(code)


def obey(at_interrupt: Callable[[], object] = lambda: None) -> int:
    """Run the command line in this process, which goes on; return its exit code."""
    streams.prepare()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, signal.default_int_handler)  # as Ctrl-C: what is open is closed
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"] or ["--help"]
    code = exits.run(lambda: _call(arguments), debug, at_interrupt)
    streams.finish()
    return code


def _ignore_signals() -> None:
    """The program ends already."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _call(arguments: list[str]) -> int | None:
    """Like `app(arguments)`, but interrupts and closed pipes are left to the caller."""
    command = typer.main.get_command(app)
    with command.make_context("gensweep", arguments) as context:
        code: int | None = command.invoke(context)
    return code


if __name__ == "__main__":  # python -m gensweep.cli.main, which would do nothing otherwise
    main()
