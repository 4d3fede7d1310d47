"""The results in the formats of other programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import ExportError
from gensweep.analysis.exports import files, mlflow, tensorboard
from gensweep.analysis.exports.place import beside
from gensweep.orchestrator.store.errors import StoreError


@dataclass(frozen=True)
class Export:
    """write:  put the results into a path that does not exist yet; the second path is where it
            will be moved to.
    file:   whether that is one file, and not a folder.
    needs:  packages that gensweep does not bring; `pip install 'gensweep[FORMAT]'` does.
    """

    write: Callable[[Database, Path, Path], None]
    file: bool = False
    needs: tuple[str, ...] = ()


EXPORTS = {
    "csv": Export(files.write_csv),
    "safe-csv": Export(files.write_safe_csv),
    "parquet": Export(files.write_parquet),
    "duckdb": Export(files.write_duckdb, file=True),
    "tensorboard": Export(tensorboard.write, needs=("tensorboardX",)),
    "mlflow": Export(mlflow.write, needs=("mlflow", "sqlalchemy", "alembic")),
}


def export(db: Database, target: Path, format: str, force: bool = False) -> None:
    """Write all views, or all trials as runs, to a folder or a file, which appears whole.

    force: replace what an earlier export has put there.
    Raises ExportError where something stands in the way, or a package is missing, and StoreError
    where the place cannot be written.
    """
    chosen = EXPORTS[format]
    if missing := [name for name in chosen.needs if find_spec(name) is None]:
        what = f"needs {', '.join(missing)}"
        raise ExportError(f"--format {format}", what, todo=f"pip install 'gensweep[{format}]'")
    try:
        with beside(target, chosen.file, force) as unfinished:
            chosen.write(db, unfinished, target)
    except (OSError, duckdb.Error) as error:
        what = f"cannot be written ({_reason(error)})"
        raise StoreError(str(target), what, todo="export to another place") from error


def _reason(error: OSError | duckdb.Error) -> str:
    """Without the name of the unfinished file, which nobody has asked for."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    said = re.search(r'Could not write file \S+ ([^"]+)', str(error))
    return said[1] if said else str(error)
