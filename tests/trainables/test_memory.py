from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from trainables.memory import keep_freed_memory

# Takes and frees 32 MB again and again, and says how many pages the system had to clear for it.
FAULTS = """
import resource, torch
from trainables.memory import keep_freed_memory
torch.set_num_threads(1)
{first}
def touch():
    kept = [torch.ones(2**21) for _ in range(4)]
for _ in range(10):
    touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="for the C library glibc alone")
def test_memory_that_a_step_frees_is_there_for_the_next_one() -> None:
    faults = [
        int(subprocess.check_output([sys.executable, "-c", FAULTS.format(first=first)]))
        for first in ("", "assert keep_freed_memory()")
    ]
    assert faults[0] > 10_000
    assert faults[1] < faults[0] / 4


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    keep_freed_memory.cache_clear()
    assert not keep_freed_memory()
    keep_freed_memory.cache_clear()
