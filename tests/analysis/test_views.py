"""The views say the same of a folder, in whatever files its rows are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gensweep.analysis.database.catalog import VIEWS
from gensweep.analysis.database.connection import Database
from gensweep.orchestrator.store.claiming import claim_trials
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.manifest import read_manifest
from gensweep.trainables.classifier.trial import ClassifierTrial

# As the contract has them, in this order; a view may have more, such as those of a new field.
COLUMNS = {
    "trials": """trial_id trainable dataset model randomization corruption regularizer crop flip
        rotation weight_decay dropout batch_norm seed epochs stop patience batch_size lr
        lr_decay momentum precision log_every evaluate_every parameters status epochs_run steps
        fit_epoch fit_step final_train_loss final_train_error final_test_error best_test_error
        best_test_epoch wall_seconds images_per_second attempts host device git_commit versions
        started_at finished_at error""",
    "classifiers": "trial_id trainable dataset model randomization status final_test_error config",
    "draws": "trial_id trainable dataset model seed status setting_id",
    "measurements": "trial_id trainable dataset seed name place value",
    "epochs": """trial_id epoch step lr train_loss train_error test_loss test_error
        corrupted_train_error clean_train_error memorized_fraction recovered_fraction seconds""",
    "steps": "trial_id step train_loss",
    "datasets": "dataset classes train test",
    "models": "model place batch_norm dropout",
    "sweep_trials": "sweep trial_id feed",
    "convergence": "trial_id metric threshold unit value censored ratio",
    "corruption": """model corruption regularizer train_error train_error_interval test_error
        test_error_interval gap gap_interval""",
    "settings": """setting_id dataset model randomization corruption regularizer crop flip
        rotation weight_decay dropout batch_norm epochs stop patience batch_size lr lr_decay
        momentum precision evaluate_every all_seeds setting_number""",
    "learning_curves": """epoch step seeds train_loss train_loss_interval train_error
        train_error_interval test_error test_error_interval best_test_error
        best_test_error_interval dataset model randomization corruption regularizer crop flip
        rotation weight_decay dropout batch_norm epochs stop patience batch_size lr lr_decay
        momentum precision evaluate_every""",
    "early_stopping": """trial_id dataset model batch_norm randomization corruption regularizer
        seed epochs_run final_test_error best_test_error best_test_epoch gain""",
    "regularization": """trial_id dataset model randomization corruption regularizer rotation
        weight_decay dropout batch_norm seed train_error test_error gap unregularized_trial_id
        train_error_without train_error_difference test_error_without test_error_difference
        gap_without gap_difference""",
    "paper": """position source item trainable dataset model batch_norm randomization
        regularizer metric value bound printed unit certainty""",
    "outcomes": """dataset model randomization corruption regularizer crop flip rotation
        weight_decay dropout batch_norm epochs stop patience batch_size lr lr_decay momentum
        precision evaluate_every n fits long epochs_run train_error train_error_interval
        test_error test_error_interval early_stopping_gain early_stopping_gain_interval""",
    "reproduction": """position source item trainable dataset model batch_norm randomization
        regularizer metric paper bound printed unit certainty ours interval n fitted difference
        within verdict crop flip rotation weight_decay dropout epochs stop patience batch_size
        lr lr_decay momentum precision evaluate_every""",
    "loss_curves": """step seeds train_loss train_loss_interval dataset model randomization
        corruption regularizer crop flip rotation weight_decay dropout batch_norm epochs stop
        patience batch_size lr lr_decay momentum precision evaluate_every all_seeds""",
    "order_of_learning": """epoch seeds clean_learned clean_learned_interval memorized
        memorized_interval recovered recovered_interval dataset model corruption regularizer
        crop flip rotation weight_decay dropout batch_norm epochs stop patience batch_size lr
        lr_decay momentum precision evaluate_every all_seeds""",
    "min_norm": """trial_id dataset data features n d bandwidth corruption method batch_size lr
        start scale precision seed steps status rank condition step_size minimum_norm
        solution_loss solution_test_error step distance distance_to_limit distance_bound norm
        outside outside_moved train_loss train_error test_error""",
    "kernels": """trial_id dataset model randomization kernel bandwidth l2 n whole filters
        precision seed status test_error train_error solution_norm signed_norm residual
        refinements jitter matrix_seconds factor_seconds solve_seconds test_seconds seconds
        device""",
    "measures": """trial_id dataset model batch_norm randomization corruption regularizer seed
        train_error test_error gap weight_norm initial_weight_norm distance_from_initialization
        spectral_log_product margin_min margin_p10 margin_median normalized_margin rademacher""",
    "correlations": "dataset model batch_norm measure trials spearman low high",
    "examples": "trial_id example changed first_learned learned_for_good forgotten",
    "learning_times": """trial_id changed examples learned median_epoch learned_for_good
        median_for_good forgotten""",
    "expressivity": """trial_id dataset randomization n d classes output precision method depth
        knot epochs batch_size lr momentum seed status parameters width train_error fits
        max_residual train_loss condition smallest_gap equal_projections draws construct_seconds
        seconds fit_epoch""",
    "capacity": """trial_id dataset model batch_norm measure n labels seed status correlation
        train_error test_error epochs_run epochs parameters weights layers vc_order vc_bound
        vacuous replacements largest_loss_change largest_error_change mean_loss_change
        mean_error_change left_out_loss left_out_error noise batch_size lr lr_decay momentum""",
    "claim_e_capacity": "claim part dataset model batch_norm data n value interval outcome why",
    "claims": """claim part statement dataset verdict n supports contradicts open reason sql""",
    **dict.fromkeys(
        ("claim_a", "claim_b", "claim_c", "claim_d", "claim_d_linear", "claim_e"),
        "claim part dataset model batch_norm data n value interval outcome why",
    ),
    "evidence": "claim part dataset model batch_norm data n value interval outcome why setting",
}


def rows(db: Database, view: str) -> list[tuple[Any, ...]]:
    """Without the last bits of a mean, which depend on the order of the summands."""
    found = db.table(f"from {view} order by all").rows
    return [tuple(round(v, 9) if isinstance(v, float) else v for v in row) for row in found]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_columns_of_the_contract(made: Store, view: str) -> None:
    found = Database(made.root).sql(f"from {view}").columns
    expected = COLUMNS[view].split()
    assert [name for name in found if name in expected] == expected


def test_live_compacted_and_mixed_folders_say_the_same(folders: dict[str, Path]) -> None:
    seen = []
    for root in folders.values():
        with Database(root) as db:
            seen.append({view: rows(db, view) for view in VIEWS})
    assert seen[0] == seen[1] == seen[2]
    empty = {view for view, found in seen[0].items() if not found}
    # No trial there has random labels, or kept what only some keep: these have tests of their own.
    assert empty == {
        *("measurements", "claim_e", "correlations", "examples", "learning_times"),
        *("capacity", "claim_e_capacity"),
        *("min_norm", "claim_d_linear"),
        *("expressivity", "claim_c"),
        "kernels",
    }


def test_every_trial_and_epoch_is_there_once_with_its_last_attempt(made: Store) -> None:
    with Database(made.root) as db:
        counted = db.table(
            "select seed, status, attempts, epochs_run from trials order by seed, model"
        )
        assert counted.rows == [
            (0, "planned", None, None),
            (0, "done", 1, 3),
            (1, "diverged", 1, 1),
            (2, "failed", 1, 0),
            (3, "interrupted", 1, 2),
            (4, "interrupted", 1, 1),
            (50, "done", 1, 2),
            (50, "done", 1, 2),
            (90, "done", 2, 2),
        ]
        epochs = db.table("""
            select seed, list(epoch order by epoch) from epochs join trials using (trial_id)
            group by seed, weight_decay order by seed
        """).rows
        lengths = [(0, 3), (1, 1), (3, 2), (4, 1), (50, 2), (50, 2), (90, 2)]
        assert epochs == [(seed, list(range(1, n + 1))) for seed, n in lengths]
        assert db.table("select count(*) from steps").rows == [(sum(n for _, n in lengths),)]


def test_what_says_it_runs_is_interrupted_unless_somebody_has_claimed_it(made: Store) -> None:
    question = "select status from trials where seed = 3"
    with Database(made.root) as db:
        (other,), (mine,) = db.table(
            "select trial_id from trials where seed in (2, 3) order by seed"
        ).rows
        assert db.table(question).rows == [("interrupted",)]
        with claim_trials(made, "launch of other", [other]):
            db.refresh()
            assert db.table(question).rows == [("interrupted",)]
        with claim_trials(made, "launch of made", [mine]):
            db.refresh()
            assert db.table(question).rows == [("running",)]
        db.refresh()
        assert db.table(question).rows == [("interrupted",)]


def test_a_planned_trial_has_its_settings_and_no_outcome(made: Store) -> None:
    with Database(made.root) as db:
        (row,) = db.table("from trials where status = 'planned'").records()
    trial = ClassifierTrial(model="alexnet")
    assert row["trial_id"] == trial.trial_id
    assert (row["model"], row["max_epochs"], row["lr"]) == ("alexnet", 100, 0.01)
    outcome = COLUMNS["trials"].split()[COLUMNS["trials"].split().index("parameters") :]
    assert {row[name] for name in outcome if name != "status"} == {None}


def compacted(store: Store) -> list[str]:
    """Ids of the trials whose rows are in the compacted tables alone."""
    paths = store.tables.glob("*-trials.parquet")
    ids = {i for path in paths for i in pq.read_table(path)["trial_id"].to_pylist()}
    return sorted(ids - {path.stem for path in store.live.iterdir()})


@pytest.mark.parametrize("table", ["trials", "epochs", "steps"])
@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing", None], ids=str)
def test_of_a_damaged_part_no_view_shows_anything_and_of_the_rest_everything(
    folders: dict[str, Path], tmp_path: Path, table: str, content: bytes | None
) -> None:
    store = Store.open(Path(shutil.copytree(folders["mixed"], tmp_path / "made")))
    lost = [compacted(store)]
    rest = "from {} where trial_id not in ? order by all"
    with Database(store.root) as db:
        assert db.table("select count(*) from epochs where trial_id in ?", lost).rows > [(0,)]
        expected = {view: db.table(rest.format(view), lost).rows for view in VIEWS[:4]}
    paths = read_manifest(store)[0].paths(store, table)
    for path in paths:
        path.unlink() if content is None else path.write_bytes(content)
    with Database(store.root) as db:
        assert [damage.path for damage in db.damaged] == paths
        assert {view: db.table(rest.format(view), lost).rows for view in expected} == expected
        found = db.table("select distinct status from trials where trial_id in ?", lost)
        assert found.rows == [("planned",)]  # as if they had never run
        for view in ("epochs", "steps"):
            assert db.table(f"from {view} where trial_id in ?", lost).rows == []
