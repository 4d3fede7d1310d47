"""A folder of image files, as a user trains on it: real Ray, Ctrl-C in the middle, the report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

PATIENCE = 200.0  # seconds
SWEEP = "sweeps/images_quick.toml"  # that of the package, as there is no such file
# A smaller network than Inception V3 on images of 32x32 pixels, so that this takes seconds.
SMALLER = [
    *("--set", "model=inception"),
    *("--set", "dataset.pictures.view=28"),
    *("--set", "precision=fp32"),
    *("--set", "batch_size=10"),
    *("--set", "lr=0.05"),
    *("--set", "resources.checkpoint_seconds=0"),
    *("--only", "corruption in (0, 1)"),
]
# All that a trial has measured, but for how long it took.
ROWS = """
select randomization, fit_epoch, epochs.* exclude (seconds)
from epochs join trials using (trial_id) order by all
"""
STEPS = "from steps order by all"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a user works, with the folder `pictures`: 40 and 20 of 5 digits, 32x32 JPEGs."""
    here = tmp_path_factory.mktemp("images")
    digits = load_digits(n_class=5)
    rng = np.random.default_rng(0)
    for n, (pixels, label) in enumerate(zip(digits.images[:60], digits.target[:60], strict=True)):
        tint = rng.uniform(0.5, 1.0, size=3)
        large = np.kron(pixels, np.ones((4, 4)))[..., None] / 16 * 255 * tint
        image = here / "pictures" / ("train" if n < 40 else "test") / f"digit {label}" / f"{n}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(large.astype(np.uint8)).save(image, quality=95)
    return here


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    ours = ("RAY_", "TUNE_", "GENSWEEP_")
    return subprocess.Popen(
        [sys.executable, "-m", "gensweep", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def gensweep(folder: Path, *arguments: str) -> str:
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err[-4000:]
    return out


def ask(folder: Path, results: str, sql: str) -> list[dict[str, Any]]:
    out = gensweep(folder, "query", sql, "--results", results, "--format", "json")
    rows: list[dict[str, Any]] = json.loads(out)
    return rows


@pytest.fixture(scope="module")
def whole(folder: Path) -> str:
    gensweep(folder, "launch", SWEEP, *SMALLER, "--results", "whole", "--data", "data")
    return "whole"


@pytest.fixture(scope="module")
def stopped(folder: Path, whole: str) -> tuple[str, list[dict[str, Any]]]:
    """A launch that Ctrl-C stopped while trials trained, and another; the rows in between."""
    launch = ["launch", SWEEP, *SMALLER, "--results", "stopped", "--data", "data"]
    process = start(folder, *launch)
    try:
        saved: set[int] = set()
        deadline = time.monotonic() + PATIENCE
        while len(saved) < 5:
            for checkpoint in (folder / "stopped" / "checkpoints").glob("*.ckpt"):
                with suppress(FileNotFoundError):
                    saved.add(checkpoint.stat().st_mtime_ns)
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130, err[-4000:]
    finally:
        if process.poll() is None:
            process.kill()
    between = ask(folder, "stopped", "select status from trials")
    gensweep(folder, *launch)
    return "stopped", between


def test_true_and_random_labels_are_fitted(folder: Path, whole: str) -> None:
    rows = ask(
        folder,
        whole,
        "select randomization, status, final_train_error, classes from classifiers"
        " join datasets using (dataset) where status <> 'planned' order by randomization",
    )
    assert [(row["randomization"], row["status"]) for row in rows] == [
        ("random_labels", "done"),
        ("true_labels", "done"),
    ]
    assert [row["final_train_error"] for row in rows] == [0, 0]
    assert [row["classes"] for row in rows] == [5, 5]


def test_what_ctrl_c_stopped_goes_on_to_the_same_rows(
    folder: Path, whole: str, stopped: tuple[str, list[dict[str, Any]]]
) -> None:
    results, between = stopped
    assert "interrupted" in {row["status"] for row in between}
    for sql in (ROWS, STEPS):
        assert ask(folder, results, sql) == ask(folder, whole, sql)


def test_the_report_and_a_figure_tell_of_the_folder(folder: Path, whole: str) -> None:
    report = gensweep(folder, "report", "--only", "claims,convergence", "--results", whole)
    assert "random labels: 1 of 1 fitted in" in " ".join(report.split())
    assert "true labels" in report
    gensweep(folder, "plot", "learning_curves", "--results", whole, "--output", "curves.svg")
    assert "random labels" in (folder / "curves.svg").read_text()


def test_a_folder_that_has_changed_is_refused_after_it_was_trained_on(
    folder: Path, whole: str
) -> None:
    Image.new("RGB", (32, 32)).save(folder / "pictures" / "train" / "digit 0" / "new.jpg")
    process = start(folder, "launch", SWEEP, *SMALLER, "--results", whole, "--data", "data")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert "is not as it was when pictures was prepared" in err
