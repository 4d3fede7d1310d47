"""Trials that share a GPU, and get more of it where a share is too small.

A node says it has a GPU; the training is one that measures what it was given.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gensweep

HOUSE = Path(__file__).resolve().parents[3]

SHARES = """
name = "shares"
seeds = [0, 1, 2, 3]
[[grid]]
model = "mlp_1x512"
dataset = "synthetic"
[resources]
cpu = 0.25
gpu = 0.25
device = "cpu"
"""
# A training that needs a share of the only GPU, by its seed, and says when it had how much. Those
# with a quarter wait for each other.
NEEDS = """
import time
from dataclasses import replace

import ray

from gensweep.trainables import noop
from gensweep.trainables.errors import DeviceMemoryError

NEEDS = [0.25, 0.5, 1.0, 2.0]

def run(trials, context):
    (trial,) = trials
    share = ray.get_runtime_context().get_assigned_resources()["GPU"]
    began = time.monotonic()
    (context.data_dir / f"{share}-{trial.seed}").touch()
    while share == 0.25 and len(list(context.data_dir.glob("0.25-*"))) < 4:
        assert time.monotonic() < began + 60.0, "not all at once"
        time.sleep(0.05)
    time.sleep(0.5)
    with (context.data_dir / "spans").open("a") as file:
        file.write(f"{share} {began} {time.monotonic()}\\n")
    if share < NEEDS[trial.seed]:
        raise DeviceMemoryError("device cuda", "tried to allocate 20 GiB")
    yield from noop.run(trials, replace(context, device=f"{share:g} of a GPU"))
"""


@dataclass(frozen=True)
class Shared:
    """A sweep that shared the only GPU: its trials by their seeds, and who had how much when."""

    trials: list[dict[str, Any]]
    spans: list[list[float]]
    err: str


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, cluster: Any) -> Shared:
    folder, house = tmp_path_factory.mktemp("shared"), tmp_path_factory.mktemp("house")
    (folder / "data").mkdir()
    shutil.copytree(HOUSE / "gensweep", house / "gensweep")
    (house / "gensweep" / "trainables" / "classifier" / "run.py").write_text(NEEDS)
    cluster.add("gpu", gpus=1)
    code, err = cluster.launch(folder, SHARES, house).ended()
    cluster.kill("gpu")
    assert code == 1, err
    lines = (folder / "data" / "spans").read_text().splitlines()
    with gensweep.connect(folder / "results") as db:
        trials = db.table("select * from trials order by seed").records()
    return Shared(trials, [[float(part) for part in line.split()] for line in lines], err)


def test_trials_pack_by_their_share_of_a_gpu(shared: Shared) -> None:
    """Four with a quarter are there at once, and never more than fit."""
    at_once = {
        share: max(
            sum(s == share and first <= began < last for s, first, last in shared.spans)
            for _, began, _ in shared.spans
        )
        for share in (0.25, 0.5, 1.0)
    }
    assert at_once[0.25] == 4
    assert at_once[0.5] <= 2
    assert at_once[1.0] == 1


def test_a_trial_that_needs_more_of_a_gpu_gets_it_until_a_whole_one_does_not_suffice(
    shared: Shared,
) -> None:
    found = [(row["status"], row["device"], row["attempts"]) for row in shared.trials]
    assert found == [
        ("done", "0.25 of a GPU", 1),
        ("done", "0.5 of a GPU", 2),
        ("done", "1 of a GPU", 3),
        ("failed", None, 3),
    ]
    assert shared.trials[3]["error"].endswith("device cuda: tried to allocate 20 GiB\n")
    assert "seed 3: failed: device cuda: tried to allocate 20 GiB" in shared.err
