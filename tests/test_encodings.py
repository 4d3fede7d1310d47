"""What is read and written as text is UTF-8, whatever the locale of the machine."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("trainables", "orchestrator", "analysis", "cli", "docs", "benchmarks")
# How many arguments a call has at least that names the encoding without a keyword.
ENOUGH = {"read_text": 1, "write_text": 2, "TextIOWrapper": 2}
PROCESSES = {"run", "Popen", "check_output"}
OF_BYTES = {"tarfile", "zipfile", "os"}


def leaves_it_to_the_locale(call: ast.Call) -> bool:
    said = {keyword.arg for keyword in call.keywords}
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if "encoding" in said:
        return False
    if name in ENOUGH:
        return len(call.args) < ENOUGH[name]
    of = getattr(getattr(call.func, "value", None), "id", "")
    if name == "open" and of not in OF_BYTES:
        modes = [a.value for a in call.args if isinstance(a, ast.Constant)]
        alone = isinstance(call.func, ast.Name) or not call.args
        return any("b" not in str(mode) for mode in modes) or (alone and not modes)
    return name in PROCESSES and bool(said & {"text", "universal_newlines"})


def places(source: str) -> list[int]:
    """The lines that leave the encoding to the locale."""
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.lineno for call in found if leaves_it_to_the_locale(call)]


@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_that_opens_text_names_its_encoding(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    found = [f"{file.relative_to(ROOT)}:{n}" for file in files for n in places(file.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "call",
    [
        "path.read_text()",
        "path.write_text(text)",
        "path.open()",
        "path.open('w')",
        "open(path)",
        "open(path, 'a')",
        "subprocess.run(line, text=True)",
        "io.TextIOWrapper(raw)",
    ],
)
def test_the_check_finds(call: str) -> None:
    assert places(call) == [1]
    assert places(call[:-1] + (", " if call[-2] != "(" else "") + "encoding='utf-8')") == []


@pytest.mark.parametrize(
    "call", ["path.open('rb')", "tarfile.open(path, mode='r:')", "os.open(p, os.O_RDWR)"]
)
def test_the_check_lets_bytes_be(call: str) -> None:
    assert places(call) == []
