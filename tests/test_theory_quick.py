"""The theory's quick sweep, as a user runs it: real Ray, real trials, verdicts on its claims."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SWEEP = Path(__file__).resolve().parents[1] / "sweeps" / "theory_quick.toml"
THEORY = ("expressivity", "min_norm", "kernels", "capacity")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("theory") / "results"
    done = gensweep("launch", str(SWEEP), "--results", str(folder))
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


def gensweep(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gensweep", *arguments]
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def ask(results: Path) -> Callable[[str], list[dict[str, Any]]]:
    def ask(sql: str) -> list[dict[str, Any]]:
        done = gensweep("query", sql, "--results", str(results), "--format", "json")
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    return ask


Ask = Callable[[str], list[dict[str, Any]]]


def test_every_trial_of_every_kind_is_done(ask: Ask) -> None:
    rows = ask("select trainable, status, count(*) as n from trials group by all order by all")
    assert {row["status"] for row in rows} == {"done"}
    assert {row["trainable"] for row in rows} == {"capacity", "expressivity", "kernel", "min_norm"}


def test_the_theorem_holds_in_float64_and_float32_comes_to_its_end(ask: Ask) -> None:
    rows = ask("from expressivity where method = 'construct'")
    assert all(row["train_error"] == 0 for row in rows if row["precision"] == "fp64")
    single = [r for r in rows if r["precision"] == "fp32" and r["output"] == "real"]
    assert {r["train_error"] == 0 for r in single} == {True, False}
    assert all(r["parameters"] == 2 * r["n"] + r["d"] for r in single)


def test_the_theorys_claims_are_supported_by_three_seeds(ask: Ask) -> None:
    rows = ask("from claims where dataset is not null")
    assert {(r["claim"], r["part"]) for r in rows} == {
        ("C", "expressivity"),
        ("D", "minimum norm"),
        ("E", "capacity"),
    }
    assert {(r["verdict"], r["n"]) for r in rows} == {("supported", 3)}


def test_a_kernel_interpolates_random_labels_as_it_does_true_ones(ask: Ask) -> None:
    rows = ask("from kernels where l2 = 0")
    assert {row["train_error"] for row in rows} == {0.0}
    assert max(row["residual"] for row in rows) < 1e-9
    random = [row["test_error"] for row in rows if row["randomization"] == "random_labels"]
    true = [row["test_error"] for row in rows if row["randomization"] == "true_labels"]
    assert min(random) > 0.8 > 0.2 > max(true)


def test_the_report_has_the_theory_together_within_80_columns(results: Path) -> None:
    done = gensweep("report", "--only", "theory", "--results", str(results))
    assert done.returncode == 0, done.stderr
    titles = ("Theorem 1", "Linear models", "Kernels:", "Capacity")
    places = [done.stdout.index(title) for title in titles]
    assert places == sorted(places)
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("figure", ["residuals", "minimum_norm", "kernel_error"])
def test_its_figures_are_drawn(results: Path, tmp_path: Path, figure: str) -> None:
    file = tmp_path / f"{figure}.svg"
    done = gensweep("plot", figure, "--results", str(results), "--output", str(file))
    assert done.returncode == 0, done.stderr
    assert file.read_text().count("<path") > 20
