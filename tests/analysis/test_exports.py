"""What is exported is read back by the program it is meant for, and is what the views say."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from re import fullmatch
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import OperationalError

from gensweep.analysis import exports
from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import ExportError
from gensweep.analysis.exports import EXPORTS, export
from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.compaction import compact
from gensweep.orchestrator.store.errors import StoreError
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial

Write = Callable[..., ClassifierTrial]
ENDS = {"trials": 5, "epochs": 8, "steps": 8, "sweep_trials": 4}


@pytest.fixture
def results(store: Store, write: Write, announce: Callable[..., None]) -> Store:
    """A trial of most statuses, one compacted, one planned; the sweep `one` has two."""
    trials = [write(store, (0.5, 0.25, 0.0), corruption=0.5)]
    compact(store)
    trials.append(write(store, (0.75, 0.75), "diverged", seed=1, losses=(1.0, math.nan)))
    write(store, (0.5, 0.25), "interrupted", seed=2)
    write(store, (0.5,), "failed", seed=3, error='a "quoted"\nerror, with a comma')
    announce(store, "one", trials, ["figure_1b"])
    announce(store, "plan", [trials[0], ClassifierTrial(model="alexnet")])
    return store


@pytest.fixture
def few_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what is not about the views: all of them take a second."""
    monkeypatch.setattr(exports.files, "VIEWS", ("trials", "epochs"))


def put(store: Store, target: Path, format: str, sweep: str | None = None, **more: Any) -> Path:
    with Database(store.root, sweep) as db:
        export(db, target, format, **more)
    return target


def rows(source: Any, view: str) -> list[str]:
    return sorted(map(repr, source.sql(f"from {view}").fetchall()))


@pytest.mark.parametrize("sweep", [None, "one"])
def test_parquet_files_hold_every_view_with_its_types(
    results: Store, tmp_path: Path, sweep: str | None
) -> None:
    folder = put(results, tmp_path / "out", "parquet", sweep)
    assert {path.stem for path in folder.glob("*.parquet")} == set(VIEWS)
    with Database(results.root, sweep) as db, duckdb.connect() as reader:
        for view in VIEWS:
            told = reader.sql(f"from '{folder}/{view}.parquet'")
            assert told.columns == db.sql(f"from {view}").columns
            assert told.types == db.sql(f"from {view}").types
            assert view not in ENDS or rows(reader, f"'{folder}/{view}.parquet'") == rows(db, view)
    assert pq.read_table(folder / "trials.parquet").num_rows == (2 if sweep else ENDS["trials"])


def test_csv_files_hold_every_view_and_any_text(results: Store, tmp_path: Path) -> None:
    folder = put(results, tmp_path / "out", "csv")
    assert {path.stem for path in folder.glob("*.csv")} == set(VIEWS)
    for view, n in ENDS.items():
        with (folder / f"{view}.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == n
    with (folder / "trials.csv").open(newline="") as file:
        (failed,) = (row for row in csv.DictReader(file) if row["status"] == "failed")
    assert failed["error"] == 'a "quoted"\nerror, with a comma'
    assert failed["fit_epoch"] == ""


def test_a_duckdb_file_has_the_views_as_tables_for_any_client(
    results: Store, tmp_path: Path
) -> None:
    file = put(results, tmp_path / "results.duckdb", "duckdb")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "results.duckdb"]
    with duckdb.connect(str(file), read_only=True) as client, Database(results.root) as db:
        tables = client.execute("select table_name from duckdb_tables()").fetchall()
        assert {name for (name,) in tables} == set(VIEWS)
        for view in VIEWS:
            assert client.sql(f"from {view}").types == db.sql(f"from {view}").types
            assert view not in ENDS or rows(client, view) == rows(db, view)
        asked = "select t.seed from trials t join epochs using (trial_id) where epoch = 3"
        assert client.execute(asked).fetchall() == [(0,)]


def test_tensorboard_reads_curves_times_and_settings(results: Store, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    folder = put(results, tmp_path / "runs", "tensorboard")
    with Database(results.root) as db:
        trials = {row["trial_id"]: row for row in db.table("from trials").records()}
        epochs = db.table("from epochs order by epoch").records()
        steps = db.table("from steps order by step").records()
    begun = {trial_id for trial_id, row in trials.items() if row["epochs_run"]}
    assert {path.name for path in folder.iterdir() if path.is_dir()} == begun
    for trial_id in begun:
        read = EventAccumulator(str(folder / trial_id), size_guidance={"scalars": 0})
        read.Reload()
        own = [e for e in epochs if e["trial_id"] == trial_id]
        for tag, column in (("error/test", "test_error"), ("loss/train", "train_loss")):
            told = [(s.step, s.value) for s in read.Scalars(tag)]
            assert told == [(e["epoch"], pytest.approx(e[column], nan_ok=True)) for e in own]
        told = [s.step for s in read.Scalars("loss/train_by_step")]
        assert told == [s["step"] for s in steps if s["trial_id"] == trial_id]
        started = trials[trial_id]["started_at"].replace(tzinfo=UTC).timestamp()
        times = [s.wall_time - started for s in read.Scalars("error/test")]
        assert times == pytest.approx([1.5 * e["epoch"] for e in own])
        content = read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        told = HParamsPluginData.FromString(content).session_start_info.hparams
        assert told["model"].string_value == "mlp_1x512"
        assert told["corruption"].number_value == trials[trial_id]["corruption"]
        assert told["seed"].number_value == trials[trial_id]["seed"]
        listed = HParamsPluginData.FromString(
            read.SummaryMetadata("_hparams_/experiment").plugin_data.content
        ).experiment.metric_infos
        assert {m.name.tag for m in listed} <= set(read.Tags()["scalars"])


def test_mlflow_reads_runs_with_curves_settings_and_states(
    results: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = put(results, tmp_path / "tracked", "mlflow")
    assert "INFO" not in capfd.readouterr().err, "a line per table that it makes"
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("gensweep")
    assert experiment.artifact_location == (folder / "artifacts").as_uri()
    runs = {
        run.data.tags["trial_id"]: run for run in client.search_runs([experiment.experiment_id])
    }
    with Database(results.root) as db:
        trials = db.table("from trials").records()
        epochs = db.table("from epochs order by epoch").records()
    assert set(runs) == {row["trial_id"] for row in trials}
    states = {runs[row["trial_id"]].info.status: row["status"] for row in trials}
    assert states["FINISHED"] == "done"
    assert states["KILLED"] == "interrupted"
    assert states["SCHEDULED"] == "planned"
    for row in trials:
        run = runs[row["trial_id"]]
        config = json.loads(row["config"])
        assert {k: run.data.params[k] for k in config} == {k: str(v) for k, v in config.items()}
        assert run.data.params["batch_size"] == "128"
        if row["final_test_error"] is not None:
            assert run.data.metrics["final_test_error"] == row["final_test_error"]
    done = next(row for row in trials if row["status"] == "done")
    run = runs[done["trial_id"]]
    assert run.data.tags["sweeps"] == "one, plan"
    assert run.info.end_time == int(1000 * done["finished_at"].replace(tzinfo=UTC).timestamp())
    history = client.get_metric_history(run.info.run_id, "train_error")
    assert sorted((m.step, m.value) for m in history) == [
        (e["epoch"], e["train_error"]) for e in epochs if e["trial_id"] == done["trial_id"]
    ]


@pytest.mark.usefixtures("few_views")
@pytest.mark.parametrize("format", ["csv", "duckdb"])
def test_what_is_there_is_replaced_by_force_alone(
    results: Store, tmp_path: Path, write: Write, format: str
) -> None:
    target = put(results, tmp_path / "out.duckdb", format)
    write(results, (0.5,), seed=9)
    with pytest.raises(ExportError, match=r"is there already; --force replaces it$"):
        put(results, target, format)
    put(results, target, format, force=True)
    source = str(target / "trials.csv") if format == "csv" else str(target)
    with duckdb.connect() as reader:
        if format == "csv":
            count = reader.sql(f"select count(*) from '{source}'")
        else:
            reader.execute(f"attach '{source}' as told (read_only)")
            count = reader.sql("select count(*) from told.trials")
        assert count.fetchall() == [(6,)]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]


def test_a_folder_of_something_else_is_never_emptied(results: Store, tmp_path: Path) -> None:
    precious = tmp_path / "home" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("years of work")
    for name in EXPORTS:
        with pytest.raises(ExportError):
            put(results, precious.parent, name, force=True)
    assert precious.read_text() == "years of work"
    assert list(precious.parent.iterdir()) == [precious]


@pytest.mark.usefixtures("few_views")
def test_an_empty_folder_is_filled(results: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (put(results, tmp_path / "empty", "csv") / "trials.csv").exists()


@pytest.mark.usefixtures("few_views")
def test_an_export_that_fails_leaves_what_was_there(
    results: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = put(results, tmp_path / "out", "csv")
    before = {path: path.read_bytes() for path in target.iterdir()}

    def half(db: Database, folder: Path, target: Path) -> None:
        (folder / "trials.csv").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setitem(exports.EXPORTS, "csv", exports.Export(half))
    for place in (target, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            put(results, place, "csv", force=True)
    assert {path: path.read_bytes() for path in target.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "results"]


def _fails(error: Callable[[], Exception]) -> Callable[..., None]:
    def write(*_: Any, **__: Any) -> None:
        raise error()  # made here, as one that is kept keeps a connection

    return write


@pytest.mark.parametrize(
    ("format", "writes", "error"),
    [
        (
            "csv",
            "gensweep.analysis.exports.files.Database.sql",
            lambda: duckdb.IOException(
                'Could not write file "out/.x/new": No space left on device'
            ),
        ),
        (
            "tensorboard",
            "tensorboardX.record_writer.RecordWriter.write",
            lambda: OSError(28, "No space left on device", "out/.x/new"),
        ),
        (
            "mlflow",
            "mlflow.tracking.MlflowClient.create_run",
            lambda: OperationalError("insert", {}, Exception("No space left on device")),
        ),
    ],
)
def test_a_full_disk_is_an_error_that_names_the_target_and_nothing_hangs(
    results: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    format: str,
    writes: str,
    error: Callable[[], Exception],
) -> None:
    monkeypatch.setattr(writes, _fails(error))
    with pytest.raises(StoreError, match=r"/out: cannot be written \(.*No space left on device"):
        put(results, tmp_path / "out", format)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize("hostile", ["../../precious", "{tmp}/precious", "..", "a/b", "\x00"])
def test_an_export_for_tensorboard_writes_nowhere_but_in_its_folder(
    results: Store, tmp_path: Path, hostile: str
) -> None:
    for path in [*results.live.glob("*.parquet"), *results.tables.glob("*-trials.parquet")][:2]:
        table = pq.read_table(path)
        ids = pa.array([hostile.format(tmp=tmp_path)] * len(table))
        pq.write_table(table.set_column(0, "trial_id", ids), path)
    folder = put(results, tmp_path / "runs", "tensorboard")
    assert {path.name for path in tmp_path.iterdir()} == {"results", "runs"}
    assert all(fullmatch("[0-9a-f]{12}|[.]gensweep-export", p.name) for p in folder.iterdir())


@pytest.mark.parametrize("format", [name for name, e in EXPORTS.items() if e.needs])
def test_a_missing_package_is_named_with_what_installs_it(
    results: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setattr(exports, "find_spec", lambda name: None)
    with pytest.raises(ExportError) as error:
        put(results, tmp_path / "out", format)
    needs = ", ".join(EXPORTS[format].needs)
    assert str(error.value) == f"--format {format}: needs {needs}; pip install 'gensweep[{format}]'"
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("few_views")
def test_results_in_a_bucket_are_exported_as_those_in_a_folder(
    bucket: BucketPath, write: Write, tmp_path: Path
) -> None:
    store = Store.create(bucket / "results")
    write(store, (0.5, 0.0))
    write(store, (0.5, 0.25), seed=1)
    compact(store)
    folder = put(store, tmp_path / "out", "parquet")
    assert pq.read_table(folder / "epochs.parquet").num_rows == 4


def test_a_bucket_is_no_place_to_export_to(results: Store) -> None:
    with pytest.raises(ExportError, match="is not on this machine"):
        put(results, Path("s3://bucket/export"), "csv")
