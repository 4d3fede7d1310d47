"""How long reports, plots and views take: `python benchmarks/answers.py [SETTINGS] [EPOCHS]
[LARGE_SETTINGS]`.

Claims, on two cores: over 1000 trials of 100 epochs (200 settings of 5 seeds), `report` takes less
than 2 s, its HTML less than 10 s and 5 MB, any `plot` less than 3 s, any view less than 0.2 s; over
10 million rows of `epochs` (20 000 settings), any view takes less than 2 s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from large_store import SEEDS, make

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.analysis.figures.registry import FIGURES
from gensweep.orchestrator.store.layout import Store

ROUNDS = 3
RUN = "from gensweep.cli.main import main; main()"


def main(settings: int = 200, epochs: int = 100, large: int = 20_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = made(Path(folder, "results"), settings, epochs)
        commands(store, Path(folder))
        views(store)
    with tempfile.TemporaryDirectory() as folder:
        views(made(Path(folder, "results"), large, epochs))


def made(folder: Path, settings: int, epochs: int) -> Store:
    store = Store.create(folder)
    start = time.perf_counter()
    make(store, settings, epochs)
    trials = settings * SEEDS
    print(
        f"\n{trials:,} trials of {epochs} epochs, {trials * epochs:,} rows of epochs "
        f"(made in {time.perf_counter() - start:.0f} s)"
    )
    return store


def commands(store: Store, folder: Path) -> None:
    """Whole processes, from start to end."""
    results = ["--results", str(store.root)]
    page = folder / "report.html"
    shown("bare python", lambda: run(["-c", "pass"]))
    shown("gensweep query 'select 1'", lambda: gensweep("query", "select 1", *results))
    shown("gensweep report", lambda: gensweep("report", *results))
    shown("gensweep report --html", lambda: gensweep("report", "--html", str(page), *results))
    print(f"  {page.name:32} {page.stat().st_size / 1e6:7.2f} MB")
    with Database(store.root) as db:
        drawable = [name for name, figure in FIGURES.items() if not figure(db).empty]
    for name in drawable:
        command = ["plot", name, "--output", str(folder / "figure.png"), *results]
        shown(f"gensweep plot {name}", partial(gensweep, *command))


def views(store: Store) -> None:
    """Read a view's whole result into Arrow; the first read, which builds it, counts too."""
    with Database(store.root) as db:
        for view in VIEWS:
            shown(f"from {view}", partial(read, db, view))


def read(db: Database, view: str) -> None:
    db.sql(f"from {view}").arrow().read_all()


def shown(what: str, call: Callable[[], object]) -> None:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    print(
        f"  {what:32} {sorted(taken)[ROUNDS // 2]:7.3f} s  (at most {max(taken):.3f})", flush=True
    )


def gensweep(*arguments: str) -> None:
    run(["-c", RUN, *arguments])


def run(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, encoding="utf-8")
    if done.returncode:
        sys.exit(f"{arguments} ended with {done.returncode}: {done.stderr}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
