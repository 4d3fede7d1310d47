"""benchmarks/training_speed.py: what it counts, what it prints, and when it sees a difference."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch

from gensweep.trainables.models import build_model, layers

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
INCEPTION = [  # input channels, output channels, kernel, side of the output
    (3, 96, 3, 28),
    *((inputs, ones, 1, 28) for inputs, ones in ((96, 32), (64, 32))),
    *((inputs, threes, 3, 28) for inputs, threes in ((96, 32), (64, 48))),
    (80, 80, 3, 14),
    *((160, ones, 1, 14) for ones in (112, 96, 80, 48)),
    *((160, threes, 3, 14) for threes in (48, 64, 80, 96)),
    (144, 96, 3, 7),
    *((inputs, 176, 1, 7) for inputs in (240, 336)),
    *((inputs, 160, 3, 7) for inputs in (240, 336)),
    (336, 10, 1, 1),
]
ALEXNET = [
    (3, 64, 5, 28),
    (64, 64, 5, 14),
    (64 * 7 * 7, 384, 1, 1),
    (384, 192, 1, 1),
    (192, 10, 1, 1),
]
MLP_1X512 = [(28 * 28 * 3, 512, 1, 1), (512, 10, 1, 1)]
MLP_3X512 = [(28 * 28 * 3, 512, 1, 1), (512, 512, 1, 1), (512, 512, 1, 1), (512, 10, 1, 1)]


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.fixture
def floors(benchmarks: None) -> ModuleType:
    return import_module("speed.floors")


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        ("inception", INCEPTION),
        ("alexnet", ALEXNET),
        ("mlp_1x512", MLP_1X512),
        ("mlp_3x512", MLP_3X512),
    ],
)
def test_the_floors_count_what_the_layers_multiply(
    model: str, layers: list[tuple[int, int, int, int]], floors: ModuleType
) -> None:
    by_layer = [inputs * outputs * kernel**2 * side**2 for inputs, outputs, kernel, side in layers]
    work = floors.work_of(model)
    assert work.forward == sum(by_layer)
    assert work.training == 3 * sum(by_layer) - by_layer[0]
    assert work.outputs == sum(outputs * side**2 for _, outputs, _, side in layers)


def test_inception_multiplies_about_204_million_times_an_image(floors: ModuleType) -> None:
    assert floors.work_of("inception").forward == pytest.approx(204e6, rel=0.01)
    assert floors.work_of("mlp_1x512").forward == 2352 * 512 + 512 * 10


@pytest.mark.parametrize("model", ["inception", "alexnet", "mlp_1x512", "mlp_3x512"])
def test_the_baselines_are_the_same_networks_out_of_pytorchs_own_layers(
    model: str, benchmarks: None
) -> None:
    ours, plain = (
        build_model(model, (3, 28, 28), 10),
        import_module("speed.plain").plain_model(model),
    )
    assert {type(m) for m in plain.modules()}.isdisjoint({layers.Linear, layers.LocalResponseNorm})
    plain.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 28, 28)
    torch.testing.assert_close(ours(images), plain(images), rtol=1e-4, atol=1e-5)


def test_a_step_moves_the_weights_and_the_activations(floors: ModuleType) -> None:
    work = floors.Work(parameters=10, forward=0, training=0, inputs=3, outputs=5)
    assert work.bytes_per_step(2, "fp32") == 10 * 4 * 6 + 2 * 4 * (3 + 2 * 5)
    assert work.bytes_per_step(2, "bf16") == 10 * 4 * 6 + 2 * 2 * (3 + 2 * 5)


def test_it_prints_a_row_for_every_variant(benchmarks: None, tmp_path: Path) -> None:
    program, written = BENCHMARKS / "training_speed.py", tmp_path / "speed.json"
    size = ["--models", "mlp_1x512", "--images", "128", "--rounds", "1", "--threads", "1"]
    done = subprocess.run(
        [sys.executable, str(program), *size, "--json", str(written)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    device = "cuda" if torch.cuda.is_available() else "cpu"
    expected = import_module("speed.variants").variants(device, 1, compiled=False)
    printed = [line.partition("  ")[0] for line in done.stdout.splitlines()]
    assert set(expected) <= set(printed)
    measured = json.loads(written.read_text())["models"]["mlp_1x512"]
    assert {row["variant"] for row in measured["rows"]} | set(measured["skipped"]) == set(expected)
    assert all(row["speed"] > 0 for row in measured["rows"])


def test_processes_side_by_side_count_together(benchmarks: None, tmp_path: Path) -> None:
    job = import_module("speed.job")
    job.write_images(256, tmp_path)
    one = job.Job("mlp_1x512", 256, tmp_path, "cpu", threads=2)
    laps = import_module("speed.alongside").laps(
        one, of=import_module("speed.ours").laps, processes=2
    )
    lap = next(laps)
    laps.close()
    assert lap.trials == 2
    assert lap.training > 0
    assert lap.evaluation > 0
    assert not multiprocessing.active_children()


def test_what_a_variant_cannot_do_is_skipped_and_said(benchmarks: None, tmp_path: Path) -> None:
    job, variants = import_module("speed.job"), import_module("speed.variants")

    def unable(job: object) -> Iterator[object]:
        raise NotImplementedError("not on this device")
        yield

    one = job.Job("mlp_1x512", 256, tmp_path, "cpu", threads=1)
    compared = {"unable": variants.Variant("ours", unable)}
    found = import_module("speed.turns").in_turns(one, compared, rounds=1)
    assert found == ({}, {"unable": "not on this device"})


def test_errors_that_are_elsewhere_disagree(
    benchmarks: None, capsys: pytest.CaptureFixture[str]
) -> None:
    correctness = import_module("speed.correctness")
    n = correctness.fewest_seeds()
    bare = [0.3 + 0.001 * seed for seed in range(n)]
    assert correctness.agrees({"bare": bare, "ours": [x + 0.0005 for x in bare]})
    assert "disagree" not in capsys.readouterr().out
    assert not correctness.agrees({"bare": bare, "ours": [x + 0.1 for x in bare]})
    assert "disagree" in capsys.readouterr().out
