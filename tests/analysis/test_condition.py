"""`--only` picks planned trials by a condition, and by nothing more than a condition."""

from __future__ import annotations

from pathlib import Path

import pytest

from gensweep.analysis.database.condition import matching_ids
from gensweep.analysis.database.errors import QueryError
from gensweep.orchestrator.store.rows import sweep_rows
from gensweep.trainables.classifier.trial import ClassifierTrial

TRIALS = {
    "inception": ClassifierTrial(model="inception", seed=1, lr=0.1, crop=True),
    "alexnet": ClassifierTrial(model="alexnet", seed=2, epochs=3),
    "mlp": ClassifierTrial(model="mlp_1x512", randomization="random_labels", seed=3),
}
PLANNED = sweep_rows(
    "", [(trial, ["figure_1b", "table_1"] if n == "mlp" else []) for n, trial in TRIALS.items()]
)
HIDDEN = (
    "exists (from json_execute_serialized_sql(json_serialize_sql("
    "'with x as (copy (select 1) to ''{folder}/x.csv'') select 1')))"
)


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("true", "inception alexnet mlp"),
        ("false", ""),
        ("null", ""),
        ("seed = 2", "alexnet"),
        ("seed between 2 and 3", "alexnet mlp"),
        ("model = 'inception' or corruption = 1", "inception mlp"),
        ("regularizer = 'crop' and lr > 0.05", "inception"),
        ("epochs < 100", "alexnet"),
        ("max_epochs < 100", "alexnet"),
        ("model like 'mlp%' -- the smallest", "mlp"),
        ("feed = 'table_1'", "mlp"),
        ("feed is null", "inception alexnet"),
        ("not batch_norm", "alexnet mlp"),
        ("(seed = 1) or (seed = 2)", "inception alexnet"),
        ("seed = (select max(seed) from planned)", "mlp"),
    ],
)
def test_a_condition_picks_the_trials_for_which_it_holds(condition: str, names: str) -> None:
    assert matching_ids(PLANNED, condition) == {TRIALS[n].trial_id for n in names.split()}


@pytest.mark.parametrize(
    "condition",
    [
        *("", " ", "-- nothing", ";", "seed =", "seed = 1;", "nope = 1", "seed = 'one'", "'word'"),
        *("count(*) > 1", "select 1", "error('two\nlines')"),
        "1 = 1) or (1 = 1",
        "true) union all select 'another' where (true",
        "true); copy planned to '{folder}/x.csv'; select (true",
        "true); copy planned to '{folder}/x.csv'; --",
        "true; drop view planned",
        "true /*",
        "true) -- ",
        "true from planned",
        "trial_id in (select file from glob('{folder}/*'))",
        "trial_id in (select content from read_text('/etc/hostname'))",
        "exists (with x as (copy planned to '{folder}/x.csv') select 1)",
        HIDDEN,
    ],
)
def test_what_is_no_condition_is_refused_in_one_line_and_does_nothing(
    tmp_path: Path, condition: str
) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(QueryError) as caught:
        matching_ids(PLANNED, condition.format(folder=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    message = str(caught.value)
    assert message.startswith("--only: ")
    assert len(message.splitlines()) == 1


def test_the_refusal_names_what_a_condition_can_be_about() -> None:
    with pytest.raises(
        QueryError, match=r"an SQL condition on feed, trial_id, .*, precision"
    ) as caught:
        matching_ids(PLANNED, "nope = 1")
    assert 'column "nope" not found' in str(caught.value)
