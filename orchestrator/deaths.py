"""Why a worker died, as far as Ray and the worker itself have said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gensweep.trainables.shown import short

_MOST = 300  # characters
_TAIL = 20_000  # bytes of the worker's stderr
_WORDLESS = "its process ended without a word, as when the system kills it to free memory"


def why_died(said: str, logs: Path) -> str:
    """A line: the last of the exception that ended the worker, or of its stderr in Ray's logs.

    said: what Ray reports of the worker.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if pid := re.search(r"\bpid: (\d+)", said):
        return short(_last_words(logs, pid[1]) or _memory(said) or _WORDLESS, _MOST)
    return short(lines[-1], _MOST) if lines else _WORDLESS


def _last_words(logs: Path, pid: str) -> str:
    """The last line of a worker's stderr, where Ray's own lines begin with a colon."""
    for path in logs.glob(f"worker-*-{pid}.err"):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
        # What Python says of a crash is followed by its stack and the modules it has loaded.
        crash = [line for line in lines if line.startswith("Fatal Python error")]
        words = [line for line in lines if line.strip() and not line.startswith(":")]
        if words:
            return (crash or words)[-1]
    return ""


def _memory(said: str) -> str:
    found = re.search(r"running low on memory|OutOfMemory", said)
    return "Ray killed it, as the machine runs low on memory" if found else ""


def logs_of(worker: Any) -> Path:
    """The folder of this machine's logs; `worker` is Ray's module of that name."""
    node = worker._global_node
    return Path(node.get_logs_dir_path()) if node else Path("/nonexistent")
