"""The verdicts as a whole: every claim has one, per dataset, with the cases behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.questions.claims import claims_table
from gensweep.analysis.report import SUMMARIES
from gensweep.analysis.tables.table import formatted
from gensweep.orchestrator.store.layout import Store

FITS = (0.75, 0.005)
CLAIMS = {"A", "A'", "B", "C", "D", "E"}


def rows(store: Store, query: str = "from claims") -> list[dict[str, Any]]:
    with Database(store.root) as db:
        return db.table(query).records()


def test_without_trials_every_claim_waits_for_runs_and_says_for_which(store: Store) -> None:
    found = rows(store)
    assert {r["claim"] for r in found} == CLAIMS
    assert {(r["verdict"], r["n"], r["dataset"]) for r in found} == {("not enough runs", 0, None)}
    assert all(r["reason"].startswith("needs ") for r in found)


def test_what_other_trainables_decide_waits_for_them(store: Store, write: Any) -> None:
    write(store, FITS, corruption=1.0)
    found = {r["part"]: r for r in rows(store)}
    for part, trainable in (("expressivity", "expressivity"), ("minimum norm", "min_norm")):
        assert found[part]["verdict"] == "not enough runs"
        assert found[part]["reason"] == f"needs trials of the trainable {trainable}"


def test_every_dataset_has_its_own_verdicts(store: Store, write: Any) -> None:
    write(store, FITS, corruption=1.0)
    write(store, (0.5,) * 100, corruption=1.0, dataset="digits")
    found = {r["dataset"]: r["verdict"] for r in rows(store) if r["part"] == "fit"}
    assert found == {"cifar10": "supported", "digits": "contradicted"}


def test_the_fewest_seeds_behind_a_case_say_how_sure_a_verdict_is(
    store: Store, write: Any, judged: Callable[[str], dict[str, Any]]
) -> None:
    for seed in range(3):
        write(store, FITS, corruption=1.0, seed=seed)
    assert judged("fit")["n"] == 3
    for seed in range(2):
        write(store, FITS, corruption=1.0, seed=seed, model="alexnet")
    assert judged("fit")["n"] == 2


def test_the_query_beside_a_verdict_shows_its_cases(store: Store, write: Any) -> None:
    write(store, FITS)
    write(store, FITS, corruption=1.0)
    write(store, (0.5,) * 100, corruption=1.0, model="alexnet")
    for claim in rows(store):
        cases = rows(store, claim["sql"])
        outcomes = [case["outcome"] for case in cases]
        assert {case["claim"] for case in cases} <= {claim["claim"]}
        assert outcomes.count("supports") == claim["supports"]
        assert outcomes.count("contradicts") == claim["contradicts"]
        assert outcomes.count("open") == claim["open"]


def test_a_reader_sees_verdict_seeds_and_reason(store: Store, write: Any) -> None:
    write(store, FITS, corruption=1.0)
    with Database(store.root) as db:
        table = claims_table(db)
        shown = formatted(table)
        assert db.table(table.sql).rows == table.rows
    (fit,) = (r for r in shown.records() if r["statement"].startswith("Networks fit"))
    assert fit["verdict"] == "supported (1 seed)"
    assert "training error 0.50 %" in fit["reason"]
    assert "dataset" not in fit


@pytest.mark.parametrize(
    ("status", "there"), [("done", True), ("diverged", False), ("failed", False)]
)
def test_a_report_has_the_claims_once_a_trial_has_decided_one(
    store: Store, write: Any, status: str, there: bool
) -> None:
    write(store, FITS, status)
    with Database(store.root) as db:
        assert SUMMARIES["claims"].applies(db) == there


def test_no_two_cases_of_a_claim_read_the_same(store: Store, write: Any) -> None:
    for lr in (0.1, 0.2):
        for settings in ({}, {"corruption": 1.0}, {"randomization": "gaussian"}):
            for batch_norm in (True, False):
                for seed in (0, 1):
                    trial = {"lr": lr, "batch_norm": batch_norm, "seed": seed, **settings}
                    write(store, FITS, model="inception", **trial)
    cases = rows(store, "from evidence")
    assert {case["part"] for case in cases} >= {"fit", "time", "early stopping", "batch norm"}
    told = [
        tuple(case[name] for name in ("claim", "part", "model", "batch_norm", "data", "setting"))
        for case in cases
    ]
    assert len(set(told)) == len(told)
