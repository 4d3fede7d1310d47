"""Reading a sweep from the command line: the file, `--set` and `--only`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gensweep.cli.exits import say, tell
from gensweep.cli.options import given_path

if TYPE_CHECKING:
    from gensweep.orchestrator.plan import PlannedTrial
    from gensweep.orchestrator.store.snapshot import Snapshot
    from gensweep.orchestrator.sweep import Override, SweepSpec

Sweep = Annotated[
    Path,
    typer.Argument(
        help="The sweep file, or a sweep that comes with gensweep.",
        metavar="SWEEP.toml",
        parser=given_path,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Override a field in every trial, or seeds, resources.cpu, dataset.NAME.folder.",
        metavar="K=V",
    ),
]
Only = Annotated[
    str | None,
    typer.Option(help="Only the trials for which this SQL condition holds.", metavar="EXPR"),
]
MaxTrials = Annotated[
    int,
    typer.Option(
        "--max-trials", min=1, help="Refuse a sweep whose grids have more trials.", metavar="N"
    ),
]
SHIPPED_AS = Path("sweeps")  # the folder in which a sweep that comes with gensweep seems to be
MAX_TRIALS = 1_000_000  # as `orchestrator.plan.MOST_TRIALS`, which is slow to import


def read_sweep(
    path: Path, settings: Sequence[str] | None, most: int = MAX_TRIALS
) -> tuple[SweepSpec, list[PlannedTrial]]:
    """A sweep file and its trials, with `--set` applied. Raises SpecError."""
    from gensweep.orchestrator.plan import plan
    from gensweep.orchestrator.spec import read_spec

    found = find_sweep(path)
    base = found.parent if found == path else SHIPPED_AS
    spec = read_spec(found, parse_overrides(settings or []), base)
    return spec, plan(spec, most)


def find_sweep(path: Path) -> Path:
    """The file itself, or the sweep of that name that comes with gensweep.

    `NAME.toml` and `sweeps/NAME.toml` name a sweep that comes with gensweep where there is no such
    file, so that the commands of the documentation work from an installed package too. Paths in it
    are then meant as if it were sweeps/NAME.toml here.
    """
    shipped = Path(str(files("gensweep") / "sweeps" / path.name))
    if path.exists() or path.parent not in (Path(), SHIPPED_AS) or not shipped.is_file():
        return path
    tell(f"no file {path} here: using the sweep that comes with gensweep")
    return shipped


def parse_overrides(settings: Sequence[str]) -> list[Override]:
    """`key=value` with TOML values; a bare word is a string."""
    from gensweep.orchestrator.sweep import Override

    overrides = []
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"{setting!r} is not key=value", param_hint="--set")
        overrides.append(Override(key.strip(), _toml_value(text.strip())))
    return overrides


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def choose(planned: Sequence[PlannedTrial], condition: str | None) -> list[PlannedTrial]:
    """The planned trials for which the condition holds; without a condition, all."""
    if condition is None:
        return list(planned)
    from gensweep.analysis.database.condition import matching_ids
    from gensweep.orchestrator.store.rows import sweep_rows

    ids = matching_ids(sweep_rows("", [(p.trial, p.feeds) for p in planned]), condition)
    if planned and not ids:
        raise typer.BadParameter(f"holds for no trial: {condition}", param_hint="--only")
    return [p for p in planned if p.trial.trial_id in ids]


def warn_of_leaving(snapshot: Snapshot, spec: SweepSpec, planned: Sequence[PlannedTrial]) -> None:
    """A line, if the sweep of this name in the results is another one, or was larger."""
    from gensweep.orchestrator.membership import leaving

    if gone := leaving(snapshot, spec.name, planned):
        say(
            f"warning: sweep {spec.name}: {gone} of its trials in these results are not in "
            f"{spec.source}; a launch takes them out of the sweep, and keeps their rows; "
            "give each sweep file a name of its own"
        )
