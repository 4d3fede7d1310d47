"""The paper's tables beside ours, as a reader sees them."""

from __future__ import annotations

from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.paper_numbers import paper_numbers
from gensweep.analysis.questions.reproduction import TABLES
from gensweep.analysis.report import SUMMARIES
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store
from gensweep.trainables.classifier.trial import ClassifierTrial


def shown(store: Store, name: str) -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return formatted(TABLES[name].table(db)).records()


def cells() -> dict[str, dict[str, Any]]:
    """Settings of a trial for every cell of table 1."""
    found = {}
    for n in paper_numbers():
        if n.source == "table_1":
            found[n.item] = {
                "model": n.model,
                "batch_norm": n.batch_norm,
                "randomization": n.randomization,
                "crop": "crop" in str(n.regularizer),
                "weight_decay": 5e-4 if "wd" in str(n.regularizer) else 0.0,
            }
    return found


def test_every_number_stands_in_one_table(store: Store) -> None:
    said: list[tuple[Any, ...]] = []
    with Database(store.root) as db:
        for table in TABLES.values():
            bare = table.table(db)
            said += [(r["source"], r["item"], r["metric"], r["bound"]) for r in bare.records()]
            assert db.table(bare.sql).rows == bare.rows
    assert sorted(said) == sorted((n.source, n.item, n.metric, n.bound) for n in paper_numbers())


@pytest.mark.parametrize("name", TABLES)
def test_a_reader_sees_every_number_as_it_is_printed_with_its_certainty(
    store: Store, name: str
) -> None:
    numbers = [n for n in paper_numbers() if n.source in TABLES[name].sources]
    with Database(store.root) as db:
        table = TABLES[name].table(db)
    shown = formatted(table).records()
    text = "\n".join(r["paper"] for r in shown)
    marks = {n.certainty for n in numbers}
    for n in numbers:
        assert (f"{n.printed} {n.certainty}" if len(marks) > 1 else n.printed) in text
    assert marks <= {note.split(":")[0].strip() for note in table.notes} | {"T"}
    assert {r["verdict"] for r in shown} == {"not run"}


@pytest.mark.parametrize("item", cells())
def test_every_cell_of_table_1_can_be_filled(store: Store, write: Any, item: str) -> None:
    trial = write(store, (0.0,), **cells()[item])
    assert isinstance(trial, ClassifierTrial)
    with Database(store.root) as db:
        bare = TABLES["table_1"].table(db).records()
    assert {r["item"] for r in bare if r["n"]} == {item}
    assert len({r["item"] for r in bare}) == 19


def test_training_and_test_stand_together_with_their_difference(store: Store, write: Any) -> None:
    write(store, (0.0,), test_errors=(0.5,))
    (ours,) = (r for r in shown(store, "table_1") if r["runs"] != "0")
    assert ours == {
        "model": "mlp_1x512",
        "setting": "none",
        "paper": "100/50.51",
        "runs": "1 × 4",
        "ours": "100.00/50.00",
        "Δ": "-0.51",
        "verdict": "agrees",
    }


def test_intervals_are_written_out_where_there_are_several_seeds(store: Store, write: Any) -> None:
    for seed, test_error in enumerate((0.49, 0.50)):
        write(store, (0.0,), test_errors=(test_error,), seed=seed)
    (ours,) = (r for r in shown(store, "table_1") if r["runs"] != "0")
    assert (ours["runs"], ours["ours"]) == ("2 × 4", "100.00±0.00 / 50.50±6.35")


def test_a_reader_sees_within_what_wide_intervals_agree(store: Store, write: Any) -> None:
    for seed, test_error in enumerate((0.50, 0.54)):
        write(store, (0.0,), test_errors=(test_error,), seed=seed)
    (ours,) = (r for r in shown(store, "table_1") if r["runs"] != "0")
    assert (ours["Δ"], ours["verdict"]) == ("-2.51", "agrees within 25.41")


def test_the_worse_of_two_verdicts_is_shown(store: Store, write: Any) -> None:
    write(store, (0.0,), test_errors=(0.4,))
    (ours,) = (r for r in shown(store, "table_1") if r["runs"] != "0")
    assert ours["verdict"] == "differs"


def test_settings_are_told_apart_where_several_match_a_cell(store: Store, write: Any) -> None:
    for coefficient in (1e-4, 5e-4):
        write(store, (0.0,), weight_decay=coefficient)
    found = [r["settings"] for r in shown(store, "table_1") if r["runs"] != "0"]
    assert sorted(found) == ["wd 0.0001", "wd 0.0005"]


def test_parentheses_and_slides_are_told_apart_from_the_table(store: Store) -> None:
    table_2 = shown(store, "table_2")
    assert "59.80 T (63.16 T)" in table_2[6]["paper"]
    assert [r["setting"] for r in table_2 if "slides" in r["setting"]] == [
        "random, dropout (slides)",
        "random, wd+dropout (slides)",
    ]


@pytest.mark.parametrize(
    ("status", "settings", "there"),
    [
        ("done", {}, {"table_1", "paper"}),
        ("diverged", {}, {"table_1", "paper"}),
        ("done", {"corruption": 1.0, "weight_decay": 5e-4}, {"table_4", "paper"}),
        ("failed", {}, set()),
        ("done", {"dataset": "digits"}, set()),
    ],
)
def test_a_table_is_shown_where_there_is_something_of_ours(
    store: Store, write: Any, status: str, settings: dict[str, Any], there: set[str]
) -> None:
    write(store, (0.0,), status, **settings)
    with Database(store.root) as db:
        assert {name for name in TABLES if SUMMARIES[name].applies(db)} == there
