"""Questions that mean harm: `python benchmarks/hostile_sql.py [--seed 0] [--mutated 300]`.

Claim: whatever SQL is asked of whatever folder, `gensweep query` answers or refuses in one line
within 5 s, reads no file but those of the results, and changes none. The program runs in this
process, with every format in turn and a limit of 2 s; the folder has links to what is outside.

A file outside was read if a result has its text in it, or if its time of access has changed.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from hostile_statements import statements

from gensweep.cli import exits
from gensweep.cli.formats import Format
from gensweep.cli.main import _call

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "cifar10_cpu"
SECRET = "a secret that is nowhere else"
LONGEST = 5.0  # seconds


def prepared(place: Path) -> tuple[Path, dict[str, str]]:
    """Results with links to a folder beside them, and what statements call their parts."""
    root = Path(shutil.copytree(RESULTS, place / "results"))
    deep = place / "outside" / "deep"
    deep.mkdir(parents=True)
    for folder in (place / "outside", deep):
        (folder / "secret.csv").write_text(f"a\n{SECRET}\n", encoding="utf-8")
    (root / "link").symlink_to(deep)
    (root / "tables" / "link").symlink_to(deep)
    (root / "secret.csv").symlink_to(deep / "secret.csv")
    name = next((root / "tables").glob("*-trials.parquet")).name
    shutil.copytree(root / "tables", place / "outside" / "tables", symlinks=True)
    secret = place / "outside" / "secret.csv"
    return root, {
        "root": str(root),
        "outside": str(place / "outside"),
        "secret": str(secret),
        "name": name,
        "listed": f"results://{name}",
    }


def filled(statement: str, names: dict[str, str]) -> str:
    try:
        return statement.format(**names)
    except (ValueError, KeyError, IndexError):  # a mutation of the braces
        return statement


def asked(text: str, root: Path, format: Format) -> tuple[int, str, str, float]:
    """The exit code, what is on stdout and on stderr, and the seconds it took."""
    arguments = ["query", "--results", str(root), "--format", format, "--timeout", "2"]
    out, err = io.StringIO(), io.StringIO()
    began = time.monotonic()
    with redirect_stdout(out), redirect_stderr(err):
        code = exits.run(lambda: _call([*arguments, "--memory", "1GB", "--", text]), debug=False)
    return code, out.getvalue(), err.getvalue(), time.monotonic() - began


def content(place: Path) -> dict[Path, bytes]:
    """Every file and link below, whose times of access are then older than its content."""
    found = {}
    for path in sorted(place.rglob("*")):
        if path.is_symlink():
            found[path] = os.fsencode(path.readlink())
        elif path.is_file():
            found[path] = path.read_bytes()
            os.utime(path, (0, path.stat().st_mtime))
    return found


def read(paths: list[Path]) -> int:
    """Bytes of those that have been read since."""
    found = [path.stat() for path in paths if not path.is_symlink()]
    return sum(status.st_size for status in found if status.st_atime != 0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutated", type=int, default=300)
    given = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        root, names = prepared(Path(folder))
        before = content(Path(folder))
        outside = [path for path in before if path.is_relative_to(Path(folder, "outside"))]
        canary = outside[0]
        canary.read_bytes()
        sees = read([canary]) > 0
        os.utime(canary, (0, canary.stat().st_mtime))
        for number, statement in enumerate(statements(given.seed, given.mutated)):
            text = filled(statement, names)
            code, out, err, seconds = asked(text, root, [*Format][number % len(Format)])
            wrong = {
                "tracebacks": "Traceback (most" in err.replace(text, "") and 'File "' in err,
                '"mistake"': "bug in gensweep" in err,
                "other exit codes than 0, 1 and 2": code not in (0, 1, 2),
                "messages of several lines": err.count("\n") > 1,
                "hangs over 5 s": seconds > LONGEST,
            }
            counts.update({what: int(found) for what, found in wrong.items()})
            counts["statements tried"] += 1
            counts["answered"] += code == 0
            counts["bytes read outside"] += len(SECRET) * out.count(SECRET)
            for what in (what for what, found in wrong.items() if found):
                print(f"{what}: {text[:200]!r}: {code} in {seconds:.1f} s: {err[:300]!r}")
        counts["bytes read outside"] += read(outside)
        after = content(Path(folder))
        changed = [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
        counts["bytes changed"] = sum(
            len(after.get(path, before.get(path, b""))) for path in changed
        )
    for what, number in counts.items():
        print(f"{what:34} {number:6,}")
    if not sees:
        print("this file system keeps no times of access, so only results show what was read")
    bad = sum(n for what, n in counts.items() if what not in ("statements tried", "answered"))
    return int(bad > 0)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # as statements that were stopped may still be running
