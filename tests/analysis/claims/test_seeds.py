"""No seed, and no setting, is left out of a verdict because it does not suit it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.store.layout import Store

Judge = Callable[[str], dict[str, Any]]
FITS, SHORT, LONG = (0.75, 0.005), (0.75, 0.5), (0.5,) * 100


@pytest.mark.parametrize("part", ["fit", "not sufficient"])
def test_as_many_seeds_for_as_against_leave_it_open(
    store: Store, write: Any, judged: Judge, part: str
) -> None:
    decay = {"fit": 0.0, "not sufficient": 0.5}[part]
    for seed, errors in enumerate(((*LONG[1:], 0.0), LONG)):
        write(store, errors, corruption=1.0, seed=seed, weight_decay=decay)
    row = judged(part)
    assert (row["verdict"], row["open"]) == ("not enough runs", 1)


@pytest.mark.parametrize("part", ["fit", "not sufficient"])
def test_seeds_that_fitted_soon_do_not_hide_those_that_never_did(
    store: Store, write: Any, judged: Judge, part: str
) -> None:
    decay = {"fit": 0.0, "not sufficient": 0.5}[part]
    for seed, errors in enumerate((FITS, LONG, LONG)):
        write(store, errors, corruption=1.0, seed=seed, stop="fit", weight_decay=decay)
    assert judged(part)["verdict"] == "contradicted"


def test_a_lucky_seed_of_a_setting_that_diverges_is_not_its_best(
    store: Store, write: Any, judged: Judge
) -> None:
    for seed in range(3):
        write(store, FITS, corruption=1.0, seed=seed, lr=0.01)
        ended = "diverged" if seed else "done"
        write(store, (0.75, 0.0), ended, corruption=1.0, seed=seed, lr=0.5)
    assert (judged("fit")["verdict"], judged("fit")["n"]) == ("supported", 3)
    assert (judged("capacity")["verdict"], judged("capacity")["n"]) == ("supported", 3)


@pytest.mark.parametrize("part", ["fit", "capacity"])
def test_a_short_run_does_not_fail_because_another_setting_ran_long(
    store: Store, write: Any, judged: Judge, part: str
) -> None:
    write(store, (0.75, 0.3), corruption=1.0)
    write(store, LONG, corruption=1.0, lr=1e-6)
    assert judged(part)["verdict"] == "not enough runs"


@pytest.mark.parametrize("diverged", [1, 2])
def test_draws_of_labels_that_diverged_were_not_measured(
    store: Store, write: Any, judged: Judge, diverged: int
) -> None:
    for seed in range(2):
        ended = "diverged" if seed < diverged else "done"
        write(store, (0.75, 0.0), ended, corruption=1.0, seed=seed)
    row = judged("capacity")
    assert row["verdict"] == "not enough runs"
    assert f"{diverged} of 2 diverged" in row["reason"]


@pytest.mark.parametrize("errors", [(), (0.75,), LONG])
def test_random_labels_that_diverge_have_not_taken_a_small_factor(
    store: Store, write: Any, judged: Judge, errors: tuple[float, ...]
) -> None:
    for seed in range(2):
        write(store, FITS, seed=seed)
    write(store, FITS, corruption=1.0, seed=0)
    write(store, errors, "diverged", corruption=1.0, seed=1)
    row = judged("time")
    assert row["verdict"] == "not enough runs"
    assert "1 of 2" in row["reason"]


@pytest.mark.parametrize("loser", ["random_labels", "gaussian"])
@pytest.mark.parametrize("errors", [(), (0.75,) * 4])
def test_what_diverges_is_neither_sooner_nor_later(
    store: Store, write: Any, judged: Judge, loser: str, errors: tuple[float, ...]
) -> None:
    for randomization in ("random_labels", "gaussian"):
        write(store, FITS, randomization=randomization, seed=0)
        ended = ("diverged", errors) if randomization == loser else ("done", FITS)
        write(store, ended[1], ended[0], randomization=randomization, seed=1)
    row = judged("noise is faster")
    assert row["verdict"] == "not enough runs"
    assert "1 of 2" in row["reason"]


def test_a_seed_without_true_labels_is_not_among_those_that_decide(
    store: Store, write: Any, judged: Judge
) -> None:
    write(store, (0.0,))
    for seed in range(2):
        write(store, (0.5,) * 10 + (0.0,), corruption=1.0, seed=seed)
    assert (judged("time")["verdict"], judged("time")["n"]) == ("contradicted", 1)


def test_a_network_that_diverges_without_batch_norm_is_not_left_out(
    store: Store, write: Any, judged: Judge
) -> None:
    for seed in range(3):
        for batch_norm in (True, False):
            ended = "diverged" if seed == 2 and not batch_norm else "done"
            test = 0.15 if batch_norm else 0.185 + 0.001 * seed
            settings = {"model": "inception", "seed": seed, "batch_norm": batch_norm}
            write(store, FITS, ended, test_errors=(0.5, test), **settings)
    row = judged("batch norm")
    assert (row["verdict"], row["open"]) == ("not enough runs", 1)


def test_one_draw_that_was_run_twice_is_one(store: Store, write: Any, judged: Judge) -> None:
    for log_every in (10, 100):
        write(store, FITS, corruption=1.0, log_every=log_every)
    assert (judged("fit")["n"], judged("capacity")["n"]) == (1, 1)
    with Database(store.root) as db:
        assert db.table("select seeds from corruption").rows == [(1,)]
        assert {n for (n,) in db.table("select n from reproduction where n > 0").rows} == {1}
