"""The program as a process: light to start, and at home in a pipeline."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Process = Callable[..., subprocess.CompletedProcess[str]]

LIGHT = """
import json, sys
from gensweep.cli.main import main
codes = []
for line in json.loads(sys.argv[1]):
    sys.argv = ["gensweep", *line]
    try:
        main()
    except SystemExit as leaving:
        codes.append(leaving.code)
heavy = [name for name in ("torch", "torchvision", "ray", "sklearn") if name in sys.modules]
print(json.dumps([codes, heavy]), file=sys.stderr)
"""


def test_planning_and_reading_load_neither_torch_nor_ray(results: Path) -> None:
    Path("a.toml").write_text('name = "a"\n[[grid]]\nmodel = "inception"\n')
    lines = [
        ["plan", "a.toml"],
        ["query", "from trials"],
        ["report"],
        ["status"],
        ["show", "07bc"],
        ["diff", "made", "other"],
        ["data", "list"],
        ["launch", "a.toml", "--dry-run"],
        ["compact"],
        ["--help"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, json.dumps(lines)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [[0] * len(lines), []]


@pytest.mark.parametrize(("line", "code"), [("status", 0), ("query nothing", 1)])
def test_a_library_that_aborts_at_its_end_changes_no_exit_code(
    results: Path, line: str, code: int
) -> None:
    """As Arrow does now and then, on a busy machine; what is to happen at exit happens."""
    program = (
        "import atexit, ctypes, sys; libc = ctypes.CDLL(None); libc.__cxa_atexit(libc.abort, 0, 0);"
        "from gensweep.cli.main import main; sys.argv = ['gensweep', *sys.argv[1:]];"
        "import gensweep.cli.exits as exits; run = exits.run;"
        "exits.run = lambda *a, **k: atexit.register(print, 'the end') and run(*a, **k); main()"
    )
    line_ = [sys.executable, "-c", program, *line.split()]
    done = subprocess.run(line_, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (code, "the end"), done.stderr


@pytest.mark.parametrize("format_", ["csv", "json", "jsonl", "markdown", "latex", "table"])
@pytest.mark.parametrize("rows", [1, 20_000])
def test_a_reader_that_has_gone_is_no_error(
    process: Process, results: Path, format_: str, rows: int
) -> None:
    done = process(f'gensweep query "from range({rows})" --format {format_} | true')
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("line", ["report", "status", "show 07bc", "--help", "--version"])
def test_no_command_minds_a_closed_pipe(process: Process, results: Path, line: str) -> None:
    done = process(f"gensweep {line} | true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("question", ["from epochs", "from range(300000)"])
def test_the_head_of_a_result_is_enough(process: Process, results: Path, question: str) -> None:
    done = process(f'gensweep query "{question}" | head -1')
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.split(",")[0].strip() in ("trial_id", "range")


def test_only_data_go_down_the_pipe(process: Process, results: Path) -> None:
    done = process("gensweep query 'select count(*) as n from trials' --format json | cat")
    assert (json.loads(done.stdout), done.stderr) == ([{"n": 13}], "")
    done = process("gensweep query nonsense | cat")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("gensweep: error: query: ")


def test_it_runs_as_an_installed_program(process: Process, results: Path) -> None:
    done = process("gensweep --version && gensweep frobnicate")
    assert done.returncode == 2
    assert done.stdout.startswith("gensweep ")
    assert done.stderr.startswith("gensweep: error: gensweep: unknown command 'frobnicate'")


def test_a_full_disk_is_said_in_one_line(process: Process, results: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    done = process("gensweep query 'from range(100000)' > /dev/full")
    assert done.returncode == 3
    assert done.stderr == "gensweep: error: system: No space left on device\n"
