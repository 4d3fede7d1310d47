"""What a person gets wrong is said in one line, that names what would have been right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gensweep = Callable[..., Any]

TINY = """name = "tiny"
[defaults]
dataset = "synthetic"
epochs = 1
[[grid]]
model = "mlp_1x512"
"""
SWEEPS = {
    "cut.toml": ('name = "tiny', "cut.toml:1: not TOML: "),
    "misspelt.toml": (
        TINY.replace("epochs", "epocs"),
        "misspelt.toml:4: defaults.epocs: unknown key 'epocs'; did you mean 'epochs'?; one of ",
    ),
    "model.toml": (
        TINY.replace("mlp_1x512", "mlp_1x51"),
        "model.toml:6: grid.model: unknown model 'mlp_1x51'; did you mean 'mlp_1x512'?; one of ",
    ),
    "p.toml": (
        TINY + 'randomization = "partial_labels"\ncorruption = 1.5\n',
        "p.toml:8: grid.corruption: 1.5 is not valid; a number, at least 0, at most 1",
    ),
    "none.toml": ('name = "tiny"\n', "none.toml:1: grid: there is no grid; one or more [[grid]]"),
    "axis.toml": (TINY + "lr = []\n", "axis.toml:7: grid.lr: is an empty list; at least one value"),
}
# Each with its exit code, and how its line begins.
MISTAKES: dict[str, tuple[int, str]] = {
    "plan missing.toml": (2, "missing.toml: no such sweep file"),
    "launch missing.toml": (2, "missing.toml: no such sweep file"),
    "plan folder": (2, "folder: cannot be read"),
    **{f"plan {name}": (2, message) for name, (_, message) in SWEEPS.items()},
    "launch misspelt.toml": (2, "misspelt.toml:4: defaults.epocs: unknown key"),
    "plan tiny.toml --set epochs": (2, "gensweep plan: Invalid value for --set: 'epochs' is not"),
    "plan tiny.toml --set =1": (2, "gensweep plan: Invalid value for --set: '=1' is not key=value"),
    "plan tiny.toml --set epochs=x": (2, "--set epochs: 'x' is not valid; a whole number"),
    "plan tiny.toml --set epocs=1": (2, "--set epocs: unknown key 'epocs'; did you mean 'epochs'?"),
    "plan tiny.toml --set resources.gpu=-1": (2, "tiny.toml:1: resources.gpu: -1 is not valid"),
    "plan tiny.toml --set seeds=[]": (2, "tiny.toml:1: seeds: [] is not valid; a list of"),
    "plan tiny.toml --set model=mlp": (2, "--set model: unknown model 'mlp'"),
    "plan tiny.toml --only nope=1": (1, '--only: Binder Error: Referenced column "nope" not found'),
    "launch tiny.toml --only true)": (1, "--only: Parser Error: syntax error"),
    "query": (2, "gensweep query: Invalid value for SQL: give SQL, or --file PATH"),
    "query selec": (1, 'query: Parser Error: syntax error at or near "selec"'),
    "query from-nope": (1, "query: "),
    "query vacuum": (1, "query: VACUUM is not a query; one SELECT or EXPLAIN statement"),
    "report nope": (1, "sweep nope: not in these results; one of made, other"),
    "status nope": (1, "sweep nope: not in these results; one of made, other"),
    "show zzz": (1, "trial zzz: is not in these results; see `gensweep query"),
    "show d": (1, "trial d: is the start of several; see `gensweep query"),
    "show": (2, "gensweep show: Missing argument 'TRIAL'"),
    "diff made": (2, "gensweep diff: Missing argument 'B'"),
    "diff made zzz": (1, "zzz: is neither a sweep nor a trial in these results; see `gensweep st"),
    "diff made 07bc": (1, "made: is a sweep, and 07bc is a trial; two trials, or two sweeps"),
    "diff 07bc d": (1, "trial d: is the start of several; see `gensweep query"),
    "watch nope": (1, "sweep nope: not in these results; one of made, other"),
    "watch --every 0": (2, "gensweep watch: Invalid value for '--every'"),
    "watch --results nope": (3, "nope: no such folder; run `gensweep launch SWEEP.toml`"),
    "export out": (2, "gensweep export: Missing option '--format'"),
    "export out --format xml": (2, "gensweep export: Invalid value for '--format'"),
    "export out nope --format csv": (1, "sweep nope: not in these results; one of made, other"),
    "export folder --format csv": (2, "export to folder: contains something other than an export"),
    "export folder --format duckdb --force": (2, "export to folder: is a folder; a file"),
    "export tiny.toml --format duckdb": (2, "export to tiny.toml: is there already; --force"),
    "export tiny.toml --format csv --force": (2, "export to tiny.toml: contains something other"),
    "export /proc/x --format csv": (3, "/proc/"),
    "report made other": (2, "gensweep report: Got unexpected extra argument"),
    "report --format xml": (2, "gensweep report: Invalid value for '--format'"),
    "report --nope": (2, "gensweep report: No such option: --nope"),
    "frobnicate": (2, "gensweep: unknown command 'frobnicate'; one of plan, launch"),
    "--nope": (2, "gensweep: No such option: --nope"),
    "data": (2, "gensweep data: Missing command"),
    "data nope": (2, "gensweep data: No such command 'nope'"),
    "data prepare": (2, "gensweep data prepare: Missing argument 'NAME'"),
    "data prepare cifar": (2, "gensweep data prepare: Invalid value for NAME: unknown dataset"),
    "data prepare digits": (3, "dataset digits: needs no preparation; use it in a sweep file"),
    "data prepare cifar10 --from nope --data d": (3, "nope: no such file or folder; cifar-10"),
    "data prepare cifar10 --from folder --data d": (3, "folder: holds no cifar10; cifar-10"),
    "merge": (2, "gensweep merge: Missing argument 'OTHER'"),
    "merge nope": (3, "nope: no such folder; run `gensweep launch SWEEP.toml`"),
    "merge folder": (3, "folder: holds no gensweep results; run `gensweep launch"),
    "compact --results nope": (3, "nope: no such folder"),
    "report --results nope": (3, "nope: no such folder; run `gensweep launch SWEEP.toml`, or name"),
    "status --results folder": (3, "folder: holds no gensweep results"),
    "show d --results tiny.toml": (3, "tiny.toml: holds no gensweep results"),
    "query vacuum --results nope": (3, "nope: no such folder"),
    "launch tiny.toml --results folder": (3, "folder: is not empty and holds no gensweep results"),
    "launch tiny.toml --results tiny.toml/x": (3, "tiny.toml/x: cannot be written"),
    "launch tiny.toml --results /proc/nowhere/x": (3, "/proc/nowhere/x: cannot be written"),
    "merge results --results tiny.toml/x": (3, "tiny.toml/x: cannot be written"),
}


@pytest.fixture
def folder(results: Path) -> Path:
    """Where commands run: with results, sweep files, and a folder of something else."""
    Path("tiny.toml").write_text(TINY)
    for name, (text, _) in SWEEPS.items():
        Path(name).write_text(text)
    Path("folder").mkdir()
    Path("folder", "a.txt").write_text("something else")
    return results.parent


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_line_on_stderr_and_an_exit_code(
    gensweep: Gensweep, folder: Path, line: str
) -> None:
    code, message = MISTAKES[line]
    done = gensweep(*line.split())
    assert done.code == code
    assert done.out == ""
    assert done.err.startswith(f"gensweep: error: {message}")
    assert done.err.count("\n") == 1
    assert done.err.endswith("\n")


def test_every_problem_of_a_sweep_file_has_a_line_of_its_own(
    gensweep: Gensweep, folder: Path
) -> None:
    Path("all.toml").write_text('nam = "x"\nseeds = [1, 1]\n[[grid]]\nmodel = "x"\nepochs = 0\n')
    done = gensweep("plan", "all.toml")
    starts = [line.split(": ")[2:4] for line in done.err.splitlines()]
    assert starts == [
        ["all.toml:1", "nam"],
        ["all.toml:1", "name"],
        ["all.toml:2", "seeds"],
        ["all.toml:4", "grid.model"],
        ["all.toml:5", "grid.epochs"],
    ]
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    "sql",
    [
        "copy trials to 'results/x.csv'",
        "with x as (copy (select 1) to 'results/x.csv') select 1",
        "explain analyze copy trials to 'results/x.csv'",
        "from read_csv('tiny.toml')",
        "from 'folder/a.txt'",
        "attach 'results/x.db'",
        "select 1; select 2",
    ],
)
def test_a_query_that_writes_or_looks_elsewhere_is_refused(
    gensweep: Gensweep, folder: Path, sql: str
) -> None:
    before = sorted(Path().rglob("*"))
    done = gensweep("query", sql)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("gensweep: error: query: ")
    assert done.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


def test_a_missing_dataset_is_said_before_anything_runs(
    gensweep: Gensweep, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_ray(*_: Any) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr("gensweep.orchestrator.cluster.ray_cluster", no_ray)
    done = gensweep("launch", "tiny.toml", "--set", "dataset=cifar10", "--data", "empty")
    assert (done.code, done.out) == (3, "")
    (line,) = (line for line in done.err.splitlines() if line.startswith("gensweep: error: "))
    assert line.startswith("gensweep: error: dataset cifar10: is not there in empty; ")
    assert "`gensweep data prepare cifar10`" in line


def test_a_damaged_file_is_warned_of_and_the_rest_is_shown(
    gensweep: Gensweep, results: Path
) -> None:
    damaged = results / "live" / "d78a115adc5c.parquet"
    damaged.write_bytes(b"PAR1")
    for command in (["status"], ["report"], ["query", "from trials"], ["show", "07bc"]):
        done = gensweep(*command)
        assert done.code == 0
        assert done.out
        (warning,) = done.err.splitlines()
        assert warning.startswith("gensweep: warning: left out, cannot be read: ")
        assert "d78a115adc5c.parquet: " in warning
