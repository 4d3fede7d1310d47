"""The progress display says which trial is where, on a terminal and in a log."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gensweep.orchestrator import progress
from gensweep.orchestrator.job import AGAIN, Progress
from gensweep.orchestrator.progress import LiveDisplay, PlainDisplay, show_progress, sparkline
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.labels import labels

SHORT = ClassifierTrial(model="mlp_1x512", dataset="synthetic", epochs=40, seed=1)
LONG = ClassifierTrial(
    model="inception",
    dataset="synthetic",
    epochs=40,
    batch_norm=False,
    randomization="partial_labels",
    corruption=0.5,
    crop=True,
    flip=True,
    rotation=25.0,
    weight_decay=0.5,
    dropout=0.5,
    seed=123,
)
TRIALS = {trial.trial_id: trial for trial in (SHORT, LONG)}
LABELS = {
    SHORT.trial_id: "mlp_1x512, true labels, seed 1",
    LONG.trial_id: "inception (no BN), labels p=0.5, crop+flip+rotation+wd+dropout, seed 123",
}
BARS = "▁▂▃▄▅▆▇█"
WIDTHS = pytest.mark.parametrize("width", [80, 200])


def console(width: int, terminal: bool) -> Console:
    return Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, record=True
    )


def at(
    trial: ClassifierTrial, status: str = "running", epoch: int = 7, error: str = ""
) -> Progress:
    return Progress(trial.trial_id, status, epoch, 1.5, 0.125, 0.25, error)


def lines(made: Console) -> list[str]:
    return made.export_text(clear=False).splitlines()


@pytest.mark.parametrize("trial_id", TRIALS)
def test_a_label_says_what_sets_a_trial_apart(trial_id: str) -> None:
    made = dict(zip(TRIALS, labels([*TRIALS.values()]), strict=True))
    assert made[trial_id] == LABELS[trial_id]


@WIDTHS
@pytest.mark.parametrize("trial", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("done", "✓ {}: epoch 7, train error 12.50%, test error 25.00%"),
        ("diverged", "≠ {}: diverged: [Errno 5] it went wrong"),
        ("failed", "✗ {}: failed: [Errno 5] it went wrong"),
        ("interrupted", "✗ {}: interrupted: [Errno 5] it went wrong"),
    ],
)
def test_in_a_log_a_trial_that_ends_is_one_whole_line(
    width: int, trial: ClassifierTrial, status: str, said: str
) -> None:
    made = console(width, terminal=False)
    display = PlainDisplay(made, TRIALS)
    display.started(trial.trial_id)
    display.progressed(at(trial))
    display.progressed(at(trial, status, error="[Errno 5] it went wrong"))
    assert lines(made) == ["[1/2] " + said.format(LABELS[trial.trial_id])]


@WIDTHS
@pytest.mark.parametrize("trial", [SHORT, LONG], ids=["short", "long"])
def test_in_a_log_a_lost_worker_is_one_whole_line(width: int, trial: ClassifierTrial) -> None:
    made = console(width, terminal=False)
    display = PlainDisplay(made, TRIALS)
    for _ in range(3):
        display.lost(trial.trial_id, "No module named 'this'")
    said = f"{LABELS[trial.trial_id]}: its worker died: No module named 'this'"
    assert lines(made) == [f"↻ {said}; retry 1 of 2", f"↻ {said}; retry 2 of 2", f"✗ {said}"]


def test_in_a_log_a_running_trial_is_heard_of_only_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    made = console(80, terminal=False)
    display = PlainDisplay(made, TRIALS)
    display.started(SHORT.trial_id)
    for epoch in range(1, 71):  # a report a second
        now[0] += 1.0
        display.progressed(at(SHORT, epoch=epoch))
    said = "[0/2] … mlp_1x512, true labels, seed 1: epoch {}, train error 12.50%, test error 25.00%"
    assert lines(made) == [said.format(30), said.format(60)]


def test_before_the_first_epoch_the_loss_is_shown() -> None:
    made = console(80, terminal=False)
    display = PlainDisplay(made, TRIALS)
    display.progressed(Progress(SHORT.trial_id, "running", train_loss=2.3456))
    assert lines(made) == ["[0/2] … mlp_1x512, true labels, seed 1: epoch 0, loss 2.35"]


def rendered(made: Console, display: LiveDisplay) -> str:
    with made.capture() as captured:
        made.print(display)
    return captured.get()


@WIDTHS
def test_the_live_view_has_a_line_per_running_trial_and_an_overall_bar(width: int) -> None:
    made = console(width, terminal=True)
    display = LiveDisplay(made, TRIALS)
    display.started(SHORT.trial_id)
    assert "0/40" in rendered(made, display)
    for epoch, error in ((10, 0.8), (20, 0.4)):
        display.progressed(Progress(SHORT.trial_id, "running", epoch, 1.5, error, 0.75))
    view = rendered(made, display).splitlines()
    assert all(len(line) <= width for line in view)
    (line,) = [line for line in view if LABELS[SHORT.trial_id] in line]
    for part in ("20/40", "train 40.00%", "test 75.00%", "█"):
        assert part in line
    assert "0/2" in view[0]  # half a trial is none yet
    assert LABELS[LONG.trial_id] not in "".join(view)


@WIDTHS
def test_the_live_view_never_breaks_a_line(width: int) -> None:
    made = console(width, terminal=True)
    display = LiveDisplay(made, TRIALS)
    for trial in (SHORT, LONG):
        display.started(trial.trial_id)
        display.progressed(at(trial))
    view = rendered(made, display).splitlines()
    assert len(view) == 3
    assert all(len(line) <= width for line in view)
    assert "inception (no BN)" in view[2]
    assert "7/40" in view[2]


@WIDTHS
def test_a_trial_that_ends_leaves_the_live_view_and_says_how(width: int) -> None:
    made = console(width, terminal=True)
    display = LiveDisplay(made, TRIALS)
    display.started(SHORT.trial_id)
    display.progressed(at(SHORT, "failed", error="ValueError('[Errno 5] bad')"))
    said = " ".join(made.export_text().split())
    assert said == f"✗ {LABELS[SHORT.trial_id]}: failed: ValueError('[Errno 5] bad')"
    view = rendered(made, display)
    assert "1/2" in view
    assert LABELS[SHORT.trial_id] not in view


def test_a_lost_worker_is_said_and_its_trial_may_come_again() -> None:
    made = console(200, terminal=True)
    display = LiveDisplay(made, TRIALS)
    display.started(LONG.trial_id)
    display.lost(LONG.trial_id, "it fell")
    said = f"↻ {LABELS[LONG.trial_id]}: its worker died: it fell; retry 1 of 2"
    assert lines(made) == [said]
    assert LABELS[LONG.trial_id] not in rendered(made, display)
    display.started(LONG.trial_id)
    assert LABELS[LONG.trial_id] in rendered(made, display)


@pytest.mark.parametrize("status", AGAIN)
def test_a_trial_that_is_run_again_says_why_and_has_not_ended(status: str) -> None:
    made = console(200, terminal=True)
    display = LiveDisplay(made, TRIALS)
    display.started(SHORT.trial_id)
    display.progressed(at(SHORT, status, error="it is tried alone"))
    assert lines(made) == [f"↻ {LABELS[SHORT.trial_id]}: {status}: it is tried alone"]
    view = rendered(made, display)
    assert "0/2" in view
    assert LABELS[SHORT.trial_id] not in view


@pytest.mark.parametrize(("terminal", "kind"), [(True, LiveDisplay), (False, PlainDisplay)])
def test_the_view_suits_the_console(terminal: bool, kind: type) -> None:
    made = console(80, terminal)
    with show_progress(made, TRIALS) as display:
        assert type(display) is kind
        display.started(SHORT.trial_id)
        display.progressed(at(SHORT, "done"))
    assert LABELS[SHORT.trial_id] in made.export_text()


@given(values=st.lists(st.floats(0.0, 1.0), max_size=30))
def test_a_sparkline_has_a_bar_for_each_of_the_last_values_and_keeps_their_order(
    values: list[float],
) -> None:
    line = sparkline(values)
    last = values[-12:]
    assert len(line) == len(last)
    heights = [BARS.index(bar) for bar in line]
    for (a, height_a), (b, height_b) in pairwise(zip(last, heights, strict=True)):
        assert (a - b) * (height_a - height_b) >= 0
    for value, height in zip(last, heights, strict=True):
        assert abs(height - 7 * value / (max(values) or 1.0)) <= 0.5 + 1e-9


def test_a_sparkline_of_nothing_and_of_zeros_is_flat() -> None:
    assert sparkline([]) == ""
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"
