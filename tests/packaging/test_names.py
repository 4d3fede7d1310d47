"""Every module has one name, and it begins with `gensweep.`"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDERS = ("trainables", "orchestrator", "analysis", "cli", "sweeps")

_IMPORT_ALL = """
import pkgutil, sys
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import gensweep

modules = list(pkgutil.walk_packages(gensweep.__path__, "gensweep."))
for module in modules:
    import_module(module.name)
root = Path(gensweep.__file__).resolve().parents[1]
names = defaultdict(list)
for name, module in list(sys.modules.items()):
    file = getattr(module, "__file__", None)
    if file and (file := Path(file).resolve()).is_relative_to(root) and ".venv" not in file.parts:
        names[file].append(name)
assert len(modules) > 200, "not all modules were found"
assert len(names) > len(modules)  # and gensweep itself
print({str(file): found for file, found in names.items() if len(found) > 1})
"""


def test_no_file_is_imported_under_two_names() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", _IMPORT_ALL], capture_output=True, text=True, timeout=200
    )
    assert (done.stdout, done.returncode) == ("{}\n", 0), done.stderr


@pytest.mark.parametrize("name", FOLDERS)
def test_an_install_gives_no_other_name_to_a_folder(name: str, tmp_path: Path) -> None:
    code = f"from importlib.util import find_spec; print(find_spec({name!r}))"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "None\n", done.stderr
