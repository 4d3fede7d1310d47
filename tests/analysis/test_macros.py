"""Intervals are those of Student's t, without a statistics library in the database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.store.layout import Store


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database(Store.create(tmp_path_factory.mktemp("empty")).root) as opened:
        yield opened


def test_the_quantile_is_that_of_t_for_2_to_200_seeds(db: Database) -> None:
    found = dict(db.table("select n, t95(n) from range(2, 201) as r(n)").rows)
    expected = {n: stats.t.ppf(0.975, n - 1) for n in range(2, 201)}
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("n", [1_000, 100_000, 10_000_000])
def test_the_quantile_tends_to_that_of_the_normal_distribution(db: Database, n: int) -> None:
    ((found,),) = db.table(f"select t95({n})").rows
    assert found == pytest.approx(stats.t.ppf(0.975, n - 1), abs=1e-5)


def test_fewer_than_two_seeds_have_no_interval(db: Database) -> None:
    assert db.table("select t95(0), t95(1)").rows == [(None, None)]
    assert db.table("select half_width(x) from (values (0.5)) as v(x)").rows == [(None,)]
    assert db.table("select half_width(x) from range(0) as v(x)").rows == [(None,)]


@given(values=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40))
def test_half_the_width_is_that_of_the_95_percent_interval_of_the_mean(
    db: Database, values: list[float]
) -> None:
    ((found,),) = db.table("select half_width(x) from (select unnest(?) as x)", [values]).rows
    expected = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_what_is_not_known_does_not_count_as_a_seed(db: Database) -> None:
    known = db.table("select half_width(x) from (values (0.25), (0.5), (0.875)) as v(x)").rows
    query = "select half_width(x) from (values (0.25), (null), (0.5), (null), (0.875)) as v(x)"
    assert db.table(query).rows == known
