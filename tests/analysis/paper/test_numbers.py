"""The paper's numbers, against a second transcription, each with how sure we are of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.paper_numbers import (
    BOUNDS,
    CERTAINTY,
    METRICS,
    Number,
    paper_numbers,
)
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.models import MODELS

# Copied once more. Model, crop + wd, crop, wd, none, random labels; training/test accuracy.
TABLE_1 = """
inception        100/89.05    100/89.31    100/86.03   100/85.75   100/9.78
inception_no_bn  -            -            100/83.00   100/82.00   100/10.12
alexnet          99.90/81.22  99.82/79.66  100/77.36   100/76.07   99.82/9.86
mlp_3x512        -            -            100/53.35   100/52.39   100/10.48
mlp_1x512        -            -            99.80/50.39 100/50.51   99.34/10.61
"""
# Labels, augmentation, dropout, weight decay; training top-1, top-5; test top-1, top-5; and the
# best test accuracies during training.
TABLE_2 = """
true   yes yes yes 92.18N 99.21M 77.84N 93.92N -      -
true   yes no  no  92.33N 99.17M 72.95T 90.43N -      -
true   no  no  yes 90.60N 100.0M 67.18N 86.44N 72.57N 91.31M
true   no  no  no  99.53N 100.0M 59.80T 80.38T 63.16T 84.49M
random no  yes yes 91.18M 97.95M 0.09N  0.49M  -      -
random no  no  yes 87.81M 96.15M 0.12N  0.50M  -      -
random no  no  no  95.20T 99.14M 0.11N  0.56M  -      -
"""
# Errors in per cent and norms.
TABLE_3 = """
table_3 mnist   raw_pixels      none test_error    1.2
table_3 mnist   raw_pixels      none solution_norm 220
table_3 mnist   gabor_wavelets  none test_error    0.6
table_3 mnist   gabor_wavelets  none solution_norm 390
table_3 cifar10 raw_pixels      none test_error    46
table_3 cifar10 random_features none test_error    17
table_3 cifar10 random_features l2   test_error    15
code    mnist   raw_pixels      none test_error    1.22
code    mnist   raw_pixels      none bandwidth     0.02
"""
TABLE_4 = {
    ("inception", "wd"): (100.0, "N"),
    ("alexnet", "wd"): (None, "T"),
    ("mlp_3x512", "wd"): (100.0, "N"),
    ("mlp_1x512", "wd"): (99.21, "N"),
    ("inception", "crop"): (99.93, "N"),
    ("inception", "flip+rotation"): (99.28, "N"),
}
PARAMETERS = {
    ("inception", True): 1_649_402,
    ("inception", False): 1_649_402,
    ("alexnet", False): 1_387_786,
    ("mlp_3x512", False): 1_735_178,
    ("mlp_1x512", False): 1_209_866,
}


def of(*sources: str) -> list[Number]:
    return [number for number in paper_numbers() if number.source in sources]


def test_table_1_has_the_19_cells_of_the_paper() -> None:
    columns = ["crop+wd", "crop", "wd", "none", "random"]
    expected = {}
    for line in TABLE_1.strip().splitlines():
        name, *pairs = line.split()
        for column, pair in zip(columns, pairs, strict=True):
            if pair != "-":
                key = (name.removesuffix("_no_bn"), name == "inception", column)
                for metric, accuracy in zip(
                    ("train_error", "test_error"), pair.split("/"), strict=True
                ):
                    expected[*key, metric] = pytest.approx(1 - float(accuracy) / 100, abs=1e-12)
    found = {}
    for n in of("table_1"):
        random = n.randomization == "random_labels"
        assert (n.dataset, n.certainty, n.bound) == ("cifar10", "T", "=")
        assert not random or n.regularizer == "none"
        found[n.model, n.batch_norm, "random" if random else n.regularizer, n.metric] = n.value
    assert found == expected
    assert len(found) == 2 * 19


def test_table_2_has_both_top_1_and_top_5_and_the_parentheses() -> None:
    metrics = ["train_error", "train_top5_error", "test_error", "test_top5_error"]
    metrics += ["best_test_error", "best_test_top5_error"]
    expected = {}
    for line in TABLE_2.strip().splitlines():
        labels, augmentation, dropout, decay, *figures = line.split()
        on = {"augmentation": augmentation, "wd": decay, "dropout": dropout}
        regularizer = "+".join(name for name, used in on.items() if used == "yes") or "none"
        for metric, figure in zip(metrics, figures, strict=True):
            if figure != "-":
                error = pytest.approx(1 - float(figure[:-1]) / 100, abs=1e-12)
                expected[f"{labels}_labels", regularizer, metric] = (error, figure[-1])
    found = {
        (n.randomization, n.regularizer, n.metric): (n.value, n.certainty) for n in of("table_2")
    }
    assert found == expected


def test_the_slides_disagreement_stands_beside_the_table() -> None:
    slides = {n.regularizer: n.printed for n in of("slides")}
    assert slides == {"dropout": "96.15", "wd+dropout": "97.95"}
    table = {n.printed: n.regularizer for n in of("table_2") if n.metric == "train_top5_error"}
    assert (table["96.15"], table["97.95"]) == ("wd", "wd+dropout")


def test_table_3_has_errors_norms_and_the_published_bandwidth() -> None:
    expected = {}
    for line in TABLE_3.strip().splitlines():
        *key, figure = line.split()
        scale = 100 if key[-1] == "test_error" else 1
        expected[tuple(key)] = pytest.approx(float(figure) / scale, rel=1e-12)
    found = {
        (n.source, n.dataset, n.model, n.regularizer, n.metric): n.value
        for n in of("table_3", "code")
    }
    assert found == expected
    assert {n.trainable for n in of("table_3", "code")} == {"kernel"}


def test_table_4_has_its_numbers_and_one_that_is_none() -> None:
    found = {}
    for n in of("table_4"):
        accuracy = None if n.value is None else pytest.approx(100 - 100 * n.value)
        found[n.model, n.regularizer] = (accuracy, n.certainty)
    assert found == TABLE_4
    assert [n.printed for n in of("table_4") if n.value is None] == ["failed to converge"]


def test_the_models_have_the_papers_parameters() -> None:
    found = {(n.model, n.batch_norm): n.value for n in of("models")}
    assert found == PARAMETERS
    assert {n.certainty for n in of("models")} == {"T"}


def test_statements_are_bounds_where_the_paper_gives_no_number() -> None:
    found = {
        (n.source, n.metric): (n.bound, n.value, n.certainty)
        for n in of("figure_1b", "figure_1c", "text")
    }
    assert found == {
        ("figure_1b", "convergence_ratio"): ("<=", 4.0, "N"),
        ("figure_1c", "test_error"): ("~", 0.9, "M"),
        ("text", "test_top5_error"): ("=", 0.164, "T"),
        ("text", "rademacher"): ("~", 1.0, "M"),
    }
    gains = [(n.metric, n.bound, n.value) for n in of("figure_2b") if n.batch_norm]
    assert gains == [
        ("early_stopping_gain", "~", 0.0),
        ("batch_norm_gain", ">=", 0.03),
        ("batch_norm_gain", "<=", 0.04),
    ]


@pytest.mark.parametrize("number", paper_numbers(), ids=lambda n: f"{n.item}, {n.metric}")
def test_every_number_says_what_it_is_of_and_how_sure_we_are(number: Number) -> None:
    assert number.certainty in CERTAINTY
    assert number.bound in {"=", *BOUNDS.values()}
    assert (number.metric, number.unit) in METRICS.values()
    assert number.source
    assert number.item
    assert number.printed
    assert "[" not in number.printed
    if "error" in number.metric and number.value is not None:
        assert 0 <= number.value <= 1
    if number.trainable == "classifier" and number.dataset != "imagenet":
        assert number.dataset in DATASETS
        assert number.model in MODELS


def test_no_number_is_there_twice() -> None:
    said = [(n.source, n.item, n.metric, n.bound) for n in paper_numbers()]
    assert len(set(said)) == len(said)


def test_sql_sees_the_same_numbers(store: Store) -> None:
    names = ", ".join(f.name for f in fields(Number))
    with Database(store.root) as db:
        rows = db.table(f"select {names} from paper order by position").rows
    assert [Number(*row) for row in rows] == list(paper_numbers())


def test_putting_them_into_a_database_does_not_load_pandas() -> None:
    code = (
        "import sys, duckdb; from gensweep.analysis.database.paper_numbers import create_table; "
        "create_table(duckdb.connect()); assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
