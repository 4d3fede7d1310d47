"""What all tests share: an object store on this machine."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import settings

from gensweep.analysis.database.catalog import Catalog
from gensweep.orchestrator.store.bucket import BucketPath
from gensweep.orchestrator.store.location import locate
from gensweep.trainables.datasets import BUILT_IN, DATASETS

_NUMBERS = count()

# A shell starts what it runs in the background with Ctrl-C ignored, which processes inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says nothing on a busy machine.
settings.register_profile("gensweep", deadline=None)
settings.load_profile("gensweep")

# What `make check` leaves out: tests that start Ray, a browser or processes, or take long together.
_SLOW_PLACES = (
    "analysis/claims/test_claim_",
    "analysis/claims/test_seeds.py",
    "analysis/figures/test_data.py",
    "analysis/html/test_page.py",
    "analysis/paper/",
    "analysis/test_buckets.py",
    "analysis/test_capacity.py",
    "analysis/test_convergence_",
    "analysis/test_corruption.py",
    "analysis/test_diff.py",
    "analysis/test_exports.py",
    "analysis/test_expressivity.py",
    "analysis/test_hostile_sql.py",
    "analysis/test_kernels.py",
    "analysis/test_learning_curves.py",
    "analysis/test_min_norm.py",
    "analysis/test_readonly.py",
    "analysis/test_regularizers.py",
    "analysis/test_running.py",
    "analysis/test_trial.py",
    "analysis/test_views.py",
    "browser/",
    "cli/test_bucket_launch.py",
    "cli/test_data_formats.py",
    "cli/test_folders.py",
    "cli/test_images_quick.py",
    "cli/test_launch.py",
    "cli/test_old_results.py",
    "cli/test_paths.py",
    "cli/test_processes.py",
    "cli/test_streams.py",
    "cli/test_terminals.py",
    "cli/test_waiting.py",
    "cli/test_watch.py",
    "orchestrator/cluster/",
    "orchestrator/faults/",
    "orchestrator/store/test_bucket_errors.py",
    "orchestrator/store/test_compaction_",
    "orchestrator/store/test_damage.py",
    "orchestrator/store/test_contention.py",
    "orchestrator/store/test_flatten.py",
    "orchestrator/store/test_hostile.py",
    "orchestrator/store/test_parts.py",
    "orchestrator/store/test_places.py",
    "orchestrator/store/test_repair.py",
    "orchestrator/store/test_strict.py",
    "orchestrator/store/test_takeover.py",
    "orchestrator/store/test_writer_attempts.py",
    "orchestrator/test_hostile_",
    "orchestrator/test_interrupt.py",
    "orchestrator/test_launch",
    "orchestrator/test_light_driver.py",
    "orchestrator/test_own_datasets.py",
    "orchestrator/test_prepare",
    "orchestrator/test_resume_launch.py",
    "orchestrator/test_safe_path.py",
    "orchestrator/test_watchdog.py",
    "orchestrator/test_worker_",
    "packaging/test_names.py",
    "packaging/test_wheel.py",
    "test_claims.py",
    "test_contributing_",
    "test_cookbook.py",
    "test_deploy.py",
    "test_documentation.py",
    "test_hostile_folders.py",
    "test_notebook.py",
    "test_questions.py",
    "test_theory_quick.py",
    "test_training_speed.py",
    "trainables/test_captured.py",
    "trainables/test_costs.py",
    "trainables/test_hostile_",
    "trainables/test_min_norm.py",
    "trainables/test_resume.py",
    "trainables/test_saved_trials.py",
)
_SLOW_FIXTURES = {"object_store", "process"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, by where it lies and what it uses."""
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        if place.startswith(_SLOW_PLACES) or _SLOW_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def forget_datasets() -> Iterator[None]:
    """Of datasets that sweep files name, none is known to the next test."""
    yield
    for name in DATASETS.keys() - BUILT_IN:
        del DATASETS[name]


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """HOST:PORT of a server that does what S3 does, and forgets it at the end."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="session")
def new_bucket(object_store: str) -> Callable[[], BucketPath]:
    """Make a bucket, with the credentials to it in its URI."""
    from pyarrow.fs import S3FileSystem

    server = {"endpoint_override": object_store, "scheme": "http", "region": "us-east-1"}
    owner = {"access_key": "nobody", "secret_key": "nothing", "allow_bucket_creation": True}

    def make() -> BucketPath:
        name = f"bucket-{next(_NUMBERS)}"
        S3FileSystem(**owner, **server).create_dir(name)
        options = "&".join(f"{option}={value}" for option, value in server.items())
        made = locate(f"s3://nobody:nothing@{name}?{options}")
        assert isinstance(made, BucketPath)
        return made

    return make


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of nobody in the environment, and none of the machine's own."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no-such-file"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")


@pytest.fixture
def bucket(new_bucket: Callable[[], BucketPath], credentials: None) -> BucketPath:
    """A new bucket, with credentials from the environment."""
    found = locate(str(new_bucket()))
    assert isinstance(found, BucketPath)
    return found


class Statements:
    """What SQL says where there is no results folder."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        counts = "classes bigint, train_examples bigint, test_examples bigint"
        columns = f"dataset varchar, {counts}, dataset_digest varchar"
        connection.execute(f"create table stored_trials ({columns})")
        self._connection, self._catalog = connection, Catalog(connection)

    def execute(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self._catalog.make(query)
        return self._connection.execute(query, list(parameters)).fetchall()


@pytest.fixture
def without_trials() -> Iterator[Statements]:
    with duckdb.connect() as connection:
        yield Statements(connection)
