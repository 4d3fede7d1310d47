from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import MODELS, models_for
from gensweep.trainables.randomizations import RANDOMIZATIONS
from gensweep.trainables.registry import TRAINABLES, trial_from_config

GOLDEN = {
    "cefe39201618": {"model": "inception"},
    "ef0eaec98c9a": {"model": "inception", "lr": 0.1},
    "ad13b9f9a4a4": {"model": "mlp_1x512", "dataset": "synthetic"},
    "2b83878497a2": {"model": "alexnet", "randomization": "random_labels", "seed": 2},
    "d3df2acf7d0c": {"model": "mlp_3x512", "randomization": "partial_labels", "corruption": 0.3},
    "cfea4f4077cf": {
        "model": "inception",
        "crop": True,
        "weight_decay": 5e-4,
        "stop": "fit",
        "patience": 3,
    },
}


@st.composite
def trials(draw: st.DrawFn) -> ClassifierTrial:
    """Any trial whose settings do not contradict each other."""
    dataset = draw(st.sampled_from(list(DATASETS)))
    source = DATASETS[dataset]
    model = draw(st.sampled_from(models_for(source.view)))
    rules = [name for name, rule in RANDOMIZATIONS.items() if not (rule.images and source.encoded)]
    batch_size = draw(st.integers(1, 4096).filter(lambda size: source.train % size != 1))
    return ClassifierTrial(
        model=model,
        dataset=dataset,
        randomization=draw(st.sampled_from(rules)),
        corruption=draw(st.floats(0, 1)),
        seed=draw(st.integers(0, 2**40)),
        epochs=draw(st.integers(1, 1000)),
        stop=draw(st.sampled_from(["epochs", "fit"])),
        patience=draw(st.integers(1, 10)),
        batch_size=batch_size,
        lr=draw(st.floats(1e-9, 1e3)),
        lr_decay=draw(st.floats(1e-9, 1)),
        momentum=draw(st.floats(0, 1, exclude_max=True)),
        weight_decay=draw(st.floats(0, 1)),
        dropout=draw(st.floats(0, 1, exclude_max=True)) if MODELS[model].dropout else 0.0,
        crop=draw(st.booleans()) if source.has_margin else False,
        flip=draw(st.booleans()),
        rotation=draw(st.floats(0, 180, exclude_max=True)),
        batch_norm=draw(st.booleans()),
        precision=draw(st.sampled_from(["fp32", "tf32", "bf16"])),
        log_every=draw(st.integers(1, 1000)),
        optimizer=draw(st.sampled_from(["sgd", "rmsprop", "adam", "adamw"])),
        beta2=draw(st.floats(0, 1, exclude_max=True)),
        epsilon=draw(st.floats(1e-12, 1)),
        lr_decay_epochs=draw(st.integers(1, 100)),
        warmup_epochs=draw(st.integers(0, 100)),
        label_smoothing=draw(st.floats(0, 1, exclude_max=True)),
        aux_weight=draw(st.floats(0, 10)) if MODELS[model].auxiliary else 0.0,
        color=draw(st.booleans()) if source.encoded else False,
    )


@pytest.mark.parametrize(("trial_id", "settings"), GOLDEN.items())
def test_ids_never_change(trial_id: str, settings: dict[str, object]) -> None:
    assert ClassifierTrial(**settings).trial_id == trial_id  # type: ignore[arg-type]


def test_the_id_is_the_hash_of_canonical_json_without_defaults() -> None:
    trial = ClassifierTrial(seed=3, dataset="digits", model="inception", weight_decay=1)
    canonical = b'{"dataset":"digits","model":"inception","seed":3,"weight_decay":1.0}'
    assert trial.trial_id == hashlib.sha256(canonical).hexdigest()[:12]


def test_a_new_field_with_a_default_keeps_old_ids() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Wider(ClassifierTrial):
        mixup: float = 0.0

    for trial_id, settings in GOLDEN.items():
        assert Wider(**settings).trial_id == trial_id  # type: ignore[arg-type]
        assert Wider(**settings, mixup=0.1).trial_id != trial_id  # type: ignore[arg-type]


def test_the_order_of_settings_does_not_matter() -> None:
    settings = {"model": "alexnet", "dataset": "digits", "seed": 4, "lr": 0.5, "flip": True}
    backwards = dict(reversed(settings.items()))
    one, other = ClassifierTrial(**settings), ClassifierTrial(**backwards)  # type: ignore[arg-type]
    assert one.trial_id == other.trial_id


@given(trials())
def test_a_config_describes_its_trial(trial: ClassifierTrial) -> None:
    config = json.loads(json.dumps(trial.config()))
    again = trial_from_config(trial.trainable, config)
    assert again == trial
    assert again.trial_id == trial.trial_id
    assert again.config() == config


@given(trials(), trials(), st.sampled_from([f.name for f in fields(ClassifierTrial)]))
def test_trials_have_one_id_exactly_where_they_are_equal(
    one: ClassifierTrial, other: ClassifierTrial, name: str
) -> None:
    # These could contradict the rest.
    if name in (
        "model",
        "dataset",
        "randomization",
        "batch_size",
        "dropout",
        "crop",
        "aux_weight",
        "color",
    ):
        mixed = other
    else:
        mixed = replace(one, **{name: getattr(other, name)})
    assert (one == mixed) == (one.trial_id == mixed.trial_id)


@given(trials())
def test_making_a_trial_of_its_own_fields_changes_nothing(trial: ClassifierTrial) -> None:
    assert replace(trial) == trial


def test_trials_know_their_trainable() -> None:
    assert TRAINABLES[ClassifierTrial(model="alexnet").trainable].config is ClassifierTrial


@pytest.mark.parametrize(
    "module", ["gensweep.trainables.classifier.trial", "gensweep.trainables.registry"]
)
def test_planning_loads_no_torch(module: str) -> None:
    program = f"""
import sys
import {module}
from gensweep.trainables.classifier.trial import ClassifierTrial
assert len(ClassifierTrial(model="inception", crop=True).trial_id) == 12
heavy = {{"torch", "torchvision", "sklearn"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)
