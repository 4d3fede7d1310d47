"""Whatever a sweep file contains, it is read or refused in lines that a person can act on."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.spec import parse_spec, read_spec

GRID = '[[grid]]\nmodel = "alexnet"\n'
DEEP = "[" * 200 + "]" * 200
VALUES = {
    "list": "[1, [2]]",
    "deep list": DEEP,
    "tables": '[{a = 1}, {b = {c = "d"}}]',
    "table": "{a = 1}",
    "date": "2020-01-01",
    "time": "07:32:00",
    "moment": "1979-05-27T07:32:00Z",
    "nan": "nan",
    "minus infinity": "-inf",
    "huge": "9223372036854775808",
    "hexadecimal": "0x" + "f" * 5000,
    "text": '"' + "x" * 5000 + '"',
    "no text": '""',
    "empty": "[]",
}
# Where a value stands, each with the line of the key.
PLACES = {
    "name": ("name = {}\n" + GRID, 1),
    "seeds": ('name = "a"\nseeds = {}\n' + GRID, 2),
    "defaults": ('name = "a"\ndefaults = {}\n' + GRID, 2),
    "defaults.epochs": ('name = "a"\n[defaults]\nepochs = {}\n' + GRID, 3),
    "defaults.dataset": ('name = "a"\n[defaults]\ndataset = {}\n' + GRID, 3),
    "defaults.crop": ('name = "a"\n[defaults]\ncrop = {}\n' + GRID, 3),
    "model": ('name = "a"\nmodel = {}\n' + GRID, 2),
    "model.alexnet": ('name = "a"\nmodel.alexnet = {}\n' + GRID, 2),
    "regularizer.a": ('name = "a"\nregularizer.a = {}\n' + GRID, 2),
    "grid": ('name = "a"\ngrid = {}\n', 2),
    "grid.model": ('name = "a"\n[[grid]]\nmodel = {}\n', 3),
    "grid.epochs": ('name = "a"\n' + GRID + "epochs = {}\n", 4),
    "grid.stop": ('name = "a"\n' + GRID + "stop = {}\n", 4),
    "grid.regularizer": ('name = "a"\n' + GRID + "regularizer = {}\n", 4),
    "grid.feeds": ('name = "a"\n' + GRID + "feeds = {}\n", 4),
    "grid.trainable": ('name = "a"\n' + GRID + "trainable = {}\n", 4),
    "unknown": ('name = "a"\nunknown = {}\n' + GRID, 2),
    "resources": ('name = "a"\nresources = {}\n' + GRID, 2),
    "resources.cpu": ('name = "a"\n' + GRID + "[resources]\ncpu = {}\n", 5),
    "resources.pack": ('name = "a"\n' + GRID + "[resources]\npack = {}\n", 5),
    "resources.order": ('name = "a"\n' + GRID + "[resources]\norder = {}\n", 5),
}
MISTAKES = [(place, value) for place in PLACES for value in VALUES]
MISTAKES.remove(("grid.feeds", "empty"))


def refused(text: str) -> list[str]:
    """The lines of the errors."""
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "a.toml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(("place", "value"), MISTAKES)
def test_any_value_in_any_place_is_an_error_with_its_line_and_its_key(
    place: str, value: str
) -> None:
    text, line = PLACES[place]
    problems = refused(text.format(VALUES[value]))
    assert any(problem.startswith(f"a.toml:{line}: {place}") for problem in problems), problems
    assert all(problem.startswith("a.toml:") for problem in problems)
    assert max(map(len, problems)) < 1000


@pytest.mark.parametrize("trainable", ["expressivity", "min_norm", "kernel", "capacity"])
@pytest.mark.parametrize("value", ["9007199254740992", "-9223372036854775809", "1" + "0" * 400])
def test_a_number_that_no_column_can_store_is_refused_in_every_trainable(
    trainable: str, value: str
) -> None:
    text = f'name = "a"\n[[grid]]\ntrainable = "{trainable}"\nseed = {value}\n'
    assert refused(text)[0].startswith("a.toml:4: grid.seed: ")


@pytest.mark.parametrize("setting", ["lr", "weight_decay", "epochs", "batch_size", "log_every"])
def test_a_number_that_is_not_exact_everywhere_is_refused_with_its_line(setting: str) -> None:
    for value in (2**53, 2**63, 10**400):
        text = f'name = "a"\n{GRID}{setting} = {value}\n'
        assert refused(text)[0].startswith(f"a.toml:4: grid.{setting}: ")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        'name = "a"\na = ' + "{a = " * 100_000,
        "a." * 50_000 + "a = 1",
        "[" + "a." * 50_000 + "a]",
        "[" + '"a" . ' * 50_000 + "a]",
        "a = " + "9" * 5000,
        'a = """\n[' + " " * 400_000 + '\n"""',
        'a = """\n' + "a" * 400_000 + '\n"""',
        'a = """\n[' + "a " * 200_000 + '\n"""',
        "#" * 900_000,
        "[[grid]]\nx=1\n" * 60_000,
        "".join(f"{'x' * 50}{i} = 1\n" for i in range(15_000)),
        "".join(f"[regularizer.{'x' * 50}{i}]\n" for i in range(12_000))
        + '[[grid]]\nregularizer = ["y"]\n',
    ],
    ids=range(13),
)
def test_a_file_that_is_deep_or_long_is_refused_within_seconds(text: str) -> None:
    started = time.process_time()
    problems = refused(text)
    assert time.process_time() < started + 5.0
    assert len(problems) < 110
    assert max(map(len, problems)) < 10_000


def test_a_nested_list_is_refused_with_its_line() -> None:
    assert refused('name = "a"\n\nx = ' + "[" * 10_000)[0] == (
        "a.toml:3: is nested too deep; lists of values"
    )


def written(folder: Path, content: bytes) -> Path:
    path = folder / "a.toml"
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, b'\xef\xbb\xbfname = "a"\r\n[[grid]]\r\nmodel = "alexnet"\r\n')
    assert read_spec(path).name == "a"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "utf-32"])
def test_another_encoding_is_named_or_its_first_byte_is(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, 'name = "a"\n# é\n[[grid]]'.encode(encoding))
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    expected = {
        "utf-16": f"{path}: cannot be read: it is UTF-16; UTF-8",
        "utf-32": f"{path}: cannot be read: it is UTF-16; UTF-8",
        "latin-1": f"{path}:2: cannot be read: byte 0xe9 is not UTF-8",
        "utf-16-le": f"{path}:",
    }[encoding]
    assert str(caught.value).startswith(expected)


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(SpecError, match="is too large; at most 1000000 bytes"):
        read_spec(Path("/dev/zero"))


def test_a_name_that_no_file_can_have_is_refused() -> None:
    for name, right in (("a" * 200, True), ("a" * 201, False)):
        text = f'name = "{name}"\n{GRID}'
        if right:
            assert parse_spec(text, "a.toml").name == name
        else:
            assert refused(text)[0].startswith("a.toml:1: name: 'aaaaaa")


def test_many_mutated_sweeps_are_planned_or_refused_in_lines() -> None:
    program = Path(__file__).parents[2] / "benchmarks" / "hostile_sweeps.py"
    done = subprocess.run(
        [sys.executable, program, "--files", "150", "--seed", "1"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    counts = dict(re.findall(r"^ *([a-z ]+): (\d+)$", done.stdout, re.MULTILINE))
    assert int(counts["planned"]) + int(counts["refused"]) == 150
    assert int(counts["planned"]) > 5
