"""What two trials are that differ in one field: two settings, two draws of one, or one draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.trial_columns import FIELD_COLUMNS
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import sweep_rows
from gensweep.orchestrator.store.schemas import LIVE
from gensweep.trainables.fields import Decides, Field, fields_of
from gensweep.trainables.models import MODELS, Architecture
from gensweep.trainables.registry import TRAINABLES
from gensweep.trainables.trial import Trial

# A trial of each kind in which every field has an effect, and a field's second value where the next
# one would have none or would not be allowed.
BASE: dict[str, dict[str, Any]] = {
    "classifier": {
        "model": "inception",
        "dataset": "synthetic",
        "randomization": "partial_labels",
        "corruption": 0.5,
        "stop": "fit",
        "epochs": 20,
    },
    "expressivity": {"dataset": "digits", "n": 50, "method": "construct"},
    "min_norm": {"dataset": "gaussian", "d": 50, "start": "random", "n": 20},
    "kernel": {"dataset": "mnist", "n": 100, "bandwidth": 0.5},
    "capacity": {"dataset": "digits", "measure": "stability", "model": "inception", "n": 100},
    "noop": {"model": "inception", "dataset": "synthetic", "stop": "fit"},
}
SECOND: dict[tuple[str, str], dict[str, Any]] = {
    ("classifier", "model"): {"model": "alexnet", "batch_norm": True},
    ("noop", "model"): {"model": "resnet18"},
    ("noop", "randomization"): {"randomization": "random_labels"},
    ("noop", "corruption"): {"randomization": "partial_labels", "corruption": 0.5},
    ("kernel", "filters"): {"model": "random_features"},
}
BEFORE: dict[tuple[str, str], dict[str, Any]] = {
    ("noop", "corruption"): {"randomization": "partial_labels", "corruption": 0.25},
    **{(trainable, "aux_weight"): {"model": "headed"} for trainable in ("classifier", "noop")},
    **{
        (trainable, name): {"optimizer": "adam"}
        for trainable in ("classifier", "noop")
        for name in ("beta2", "epsilon")
    },
    ("classifier", "color"): {"dataset": "imagenet"},
    ("noop", "color"): {"dataset": "imagenet"},
    ("kernel", "filters"): {"model": "random_features"},
    ("expressivity", "d"): {"dataset": "gaussian", "d": 30},
    ("min_norm", "features"): {"dataset": "digits", "d": 0},
    ("min_norm", "bandwidth"): {"dataset": "digits", "d": 0, "features": "kernel"},
    ("min_norm", "batch_size"): {"method": "sgd"},
    **{
        ("expressivity", name): {"method": "sgd"}
        for name in ("epochs", "batch_size", "lr", "momentum")
    },
}


def second(value: Any, field: Field) -> Any:
    """Another value of the field."""
    if field.choices:
        return next(name for name in field.choices if name != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value / 2 if value else 0.25
    others = {"dataset": ("digits", "mnist"), "model": ("alexnet",), "randomization": ("gaussian",)}
    return next(name for name in others[field.name] if name != value)


def cases() -> Iterator[Any]:
    for trainable, kind in TRAINABLES.items():
        for name, field in kind.config.fields().items():
            yield pytest.param(trainable, name, field, id=f"{trainable}-{name}")


def pair(trainable: str, name: str, field: Field) -> tuple[Trial, Trial]:
    """Two trials of a kind that differ in one field."""
    config = TRAINABLES[trainable].config
    before = {**BASE[trainable], **BEFORE.get((trainable, name), {})}
    value = before.get(name, field.default)
    assert value is not MISSING
    after = {name: second(value, field), **SECOND.get((trainable, name), {})}
    return config(**before), config(**{**before, **after})


@pytest.fixture
def headed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with an auxiliary head that takes small images."""
    monkeypatch.setitem(MODELS, "headed", Architecture("no_such_file:Model", auxiliary=True))


@pytest.mark.usefixtures("headed")
@pytest.mark.parametrize(("trainable", "name", "field"), list(cases()))
def test_a_field_makes_two_settings_two_draws_or_one_as_it_declares(
    trainable: str, name: str, field: Field, store: Store
) -> None:
    one, other = pair(trainable, name, field)
    assert getattr(one, name) != getattr(other, name), "give the field a value with an effect"
    assert one.trial_id != other.trial_id
    expected = {Decides.SETTING: (2, 2), Decides.SEED: (1, 2), Decides.RECORD: (1, 1)}
    settings, draws = expected[field.about.decides]
    assert len({one.setting_id, other.setting_id}) == settings
    assert len({(t.setting_id, t.seed) for t in (one, other)}) == draws
    if one.trains_network:
        publish_table(
            store.root, store.sweep_file("both"), sweep_rows("both", [(one, ()), (other, ())])
        )
        with Database(store.root) as db:
            assert db.table("select count(*) from settings").rows == [(settings,)]
            assert db.table("select count(*) from draws").rows == [(draws,)]


STATISTICS = {
    "corruption": "select seeds from corruption",
    "outcomes": "select n from outcomes",
    "learning_curves": "select seeds from learning_curves where epoch = 1",
    "all seeds": "select all_seeds from learning_curves where epoch = 1",
    "loss_curves": "select seeds from loss_curves where step = 4",
    "order_of_learning": "select seeds from order_of_learning where epoch = 1",
    "early_stopping": "select count(*) from early_stopping group by setting_id",
    "convergence": "select count(*) // 15 from convergence group by setting_id",
    "measures": "select count(*) from measures group by setting_id",
}


@pytest.mark.parametrize("query", STATISTICS.values(), ids=STATISTICS)
def test_a_seed_that_was_run_with_two_values_of_log_every_counts_once(
    query: str, store: Store, write: Any
) -> None:
    for log_every in (10, 20):
        write(store, (0.5, 0.25), log_every=log_every, corruption=0.5)
    write(store, (0.5, 0.25), seed=1, corruption=0.5)
    with Database(store.root) as db:
        assert db.table(query).rows == [(2,)]


@pytest.mark.parametrize("query", STATISTICS.values(), ids=STATISTICS)
def test_trials_of_different_patience_are_of_different_settings(
    query: str, store: Store, write: Any
) -> None:
    for patience in (1, 4):
        write(store, (0.5, 0.25), patience=patience, stop="fit", seed=patience, corruption=0.5)
    with Database(store.root) as db:
        assert db.table(query).rows == [(1,), (1,)]


def test_of_two_that_are_one_draw_the_one_that_got_furthest_stands(
    store: Store, write: Any
) -> None:
    write(store, (0.5,), "diverged", log_every=10)
    done = write(store, (0.5, 0.25), log_every=20)
    write(store, (0.5,), "interrupted", log_every=30)
    with Database(store.root) as db:
        assert db.table("select trial_id from draws").rows == [(done.trial_id,)]


def test_trials_from_before_settings_were_stored_have_the_same_settings(
    store: Store, write: Any
) -> None:
    new = write(store, (0.5, 0.0), weight_decay=0.5, lr=0.25, epochs=2, log_every=7)
    path = store.live_file(new.trial_id)
    with Database(store.root) as db:
        stored = db.table("from trials").records()
    late = ("setting_id", "setting", "patience", "log_every", "evaluate_every", "max_epochs")
    old = {**pa.parquet.read_table(path).to_pylist()[0], **dict.fromkeys(late)}
    publish_table(store.root, path, pa.Table.from_pylist([old], schema=LIVE))
    with Database(store.root) as db:
        found = db.table("from trials").records()
    assert [{**row, "max_epochs": None} for row in stored] == found
    assert {name: found[0][name] for name in fields_of(type(new))} == new.settings()


def test_every_field_of_a_network_is_a_column_and_every_setting_one_of_settings(
    store: Store, write: Any
) -> None:
    write(store, (0.5,))
    with Database(store.root) as db:
        trials, settings = (db.table(f"from {view}").columns for view in ("trials", "settings"))
    fields = TRAINABLES["classifier"].config.fields()
    assert set(fields) | {"regularizer"} == set(FIELD_COLUMNS) <= set(trials)
    ours = {name for name, field in fields.items() if field.about.decides is Decides.SETTING}
    assert ours | {"regularizer"} <= set(settings)
