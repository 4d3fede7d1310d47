"""The same commands, with the results in a bucket."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gensweep.orchestrator.store.bucket import BucketPath

Gensweep = Callable[..., Any]
Process = Callable[..., subprocess.CompletedProcess[str]]

SWEEP = """
name = "tiny"
[defaults]
dataset = "synthetic"
epochs = 3
batch_size = 64
[[grid]]
model = "mlp_1x512"
randomization = ["true_labels", "random_labels"]
"""


def of_trials(gensweep: Gensweep, place: str) -> list[dict[str, Any]]:
    asked = "select trial_id, status, epochs, steps, final_train_loss from trials order by all"
    done = gensweep("query", asked, "--results", place, "--format", "json")
    assert done.code == 0, done.err
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


@pytest.mark.timeout(300)
def test_a_sweep_runs_resumes_and_is_read_in_a_bucket_as_in_a_folder(
    bucket: BucketPath, gensweep: Gensweep, process: Process, tmp_path: Path
) -> None:
    (tmp_path / "tiny.toml").write_text(SWEEP)
    place, folder = str(bucket / "results"), str(tmp_path / "folder")
    for results in (place, folder):
        launched = process(f"gensweep launch tiny.toml --results '{results}'", tmp_path)
        assert launched.returncode == 0, launched.stderr
    assert of_trials(gensweep, place) == of_trials(gensweep, folder)
    assert [row["status"] for row in of_trials(gensweep, place)] == ["done", "done"]
    for command in ("status", "report", "plan tiny.toml", "query 'from epochs'", "compact"):
        read = process(f"gensweep {command} --results '{place}'", tmp_path)
        assert read.returncode == 0, read.stderr
    again = process(f"gensweep launch tiny.toml --results '{place}'", tmp_path)
    assert (again.returncode, "2 done, 0 to run" in again.stderr) == (0, True)
    merged = process(f"gensweep merge '{place}' --results merged", tmp_path)
    assert merged.returncode == 0, merged.stderr
    assert of_trials(gensweep, str(tmp_path / "merged")) == of_trials(gensweep, folder)
    assert not list((bucket / "results" / "leases").glob("*.json"))
    assert not list((bucket / "results" / "checkpoints").glob("*.ckpt"))


@pytest.mark.parametrize("command", ["status", "query 'from trials'", "report", "compact"])
def test_a_bucket_without_results_is_said_in_a_line(
    bucket: BucketPath, process: Process, tmp_path: Path, command: str
) -> None:
    done = process(f"gensweep {command} --results '{bucket / 'nowhere'}'", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"gensweep: error: {bucket / 'nowhere'}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["status", "launch tiny.toml"])
def test_a_bucket_that_does_not_exist_is_said_in_a_line(
    bucket: BucketPath, process: Process, tmp_path: Path, command: str
) -> None:
    (tmp_path / "tiny.toml").write_text(SWEEP)
    missing = str(bucket / "results").replace(bucket.bucket, "there-is-no-such-bucket")
    done = process(f"gensweep {command} --results '{missing}'", tmp_path)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("gensweep: error: s3://there-is-no-such-bucket")
    assert "Traceback" not in done.stderr
