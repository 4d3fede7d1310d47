"""Names, orders and numbers as a person reads them."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.analysis.tables.labels import (
    SETTINGS,
    dataset_labels,
    order_by,
    percent,
    varying_settings,
    with_interval,
)
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.models import MODELS, model_label
from gensweep.trainables.randomizations import randomization_label


@pytest.mark.parametrize("name", MODELS)
def test_a_missing_batch_normalization_is_said_where_there_could_be_one(name: str) -> None:
    assert model_label(name, True) == name
    assert model_label(name, False) == (f"{name} (no BN)" if MODELS[name].batch_norm else name)


@pytest.mark.parametrize("name", [*MODELS, "unknown"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_sql_names_models_as_tables_do(name: str, batch_norm: bool, without_trials: Any) -> None:
    found = without_trials.execute("select model_label(?, ?)", [name, batch_norm])
    assert found == [(model_label(name, batch_norm),)]


def test_every_randomization_has_a_name() -> None:
    assert randomization_label("partial_labels", 0.25) == "labels p=0.25"
    assert randomization_label("random_labels", 1.0) == "random labels"
    assert randomization_label("gaussian", 0.0) == "gaussian"


def test_known_names_stand_in_their_order_and_others_behind_them() -> None:
    names = ["zebra", *reversed(MODELS), "aardvark"]
    values = ", ".join(f"('{name}')" for name in names)
    query = f"from (values {values}) v(m) order by {order_by('m', MODELS)}, m"
    found = [row[0] for row in duckdb.sql(query).fetchall()]
    assert found == [*MODELS, "aardvark", "zebra"]


def test_every_setting_is_one_of_a_trial() -> None:
    trial = ClassifierTrial(model="alexnet")
    assert all(hasattr(trial, name.removeprefix("max_")) for name in SETTINGS)


PLAIN = dict.fromkeys(SETTINGS, 1.0)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"model": st.sampled_from("ab"), "lr": st.sampled_from([0.1, 0.2]), "stop": st.just("fit")},
        optional={"batch_size": st.sampled_from([1, 2])},
    ),
    max_size=6,
)


@given(drawn=RECORDS)
def test_a_label_names_what_differs_among_records_that_look_alike(
    drawn: list[dict[str, Any]],
) -> None:
    records = [{**PLAIN, **fields} for fields in drawn]
    labels = varying_settings(records, ["model"])
    assert len(labels) == len(records)
    for record, label in zip(records, labels, strict=True):
        group = [r for r in records if r["model"] == record["model"]]
        named = {
            part.rsplit(" ", 1)[0]: part.rsplit(" ", 1)[1] for part in label.split(", ") if part
        }
        assert set(named) == {s for s in SETTINGS if any(r[s] != record[s] for r in group)}
        assert all(value == f"{record[name]:g}" for name, value in named.items())


def test_words_and_numbers_are_written_briefly() -> None:
    records = [{**PLAIN, "stop": "fit", "lr": 5e-4}, {**PLAIN, "stop": "epochs", "lr": 0.1}]
    assert varying_settings(records, []) == ["stop fit, lr 0.0005", "stop epochs, lr 0.1"]


def test_a_dataset_is_named_only_beside_another() -> None:
    mine, other = {"dataset": "mnist"}, {"dataset": "digits"}
    assert dataset_labels([]) == []
    assert dataset_labels([mine, mine]) == ["", ""]
    assert dataset_labels([mine, other]) == ["mnist", "digits"]


def test_an_interval_is_shown_where_there_is_one() -> None:
    assert with_interval(None, None) == "–"
    assert with_interval(0.125, None, 100) == "12.50"
    assert with_interval(0.125, 0.005, 100) == "12.50 ± 0.50"
    assert with_interval(0.125, 0.0) == "0.12 ± 0.00"
    assert percent(0.125) == "12.50 %"
