"""Why a worker died, as far as Ray and the worker itself have said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gensweep.orchestrator.start_watch import last_words
from gensweep.trainables.shown import short

_MOST = 300  # characters
_WORDLESS = "its process ended without a word, as when the system kills it to free memory"


def why_died(said: str, logs: Path) -> str:
    """A line: the last of the exception that ended the worker, or of its stderr in Ray's logs.

    said: what Ray reports of the worker.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if pid := re.search(r"\bpid: (\d+)", said):
        words = next(filter(None, map(last_words, logs.glob(f"worker-*-{pid[1]}.err"))), "")
        return short(words or _memory(said) or _WORDLESS, _MOST)
    return short(lines[-1], _MOST) if lines else _WORDLESS


def _memory(said: str) -> str:
    found = re.search(r"running low on memory|OutOfMemory", said)
    return "Ray killed it, as the machine runs low on memory" if found else ""


def logs_of(worker: Any) -> Path:
    """The folder of this machine's logs; `worker` is Ray's module of that name."""
    node = worker._global_node
    return Path(node.get_logs_dir_path()) if node else Path("/nonexistent")
