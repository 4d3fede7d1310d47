"""The command line of training_speed.py: measure one model after the other, and print."""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from pathlib import Path

import torch
from speed.correctness import compare, fewest_seeds
from speed.floors import ceilings, work_of
from speed.job import BATCH, Job, write_images
from speed.report import as_json, rows, table
from speed.turns import in_turns
from speed.variants import variants

from gensweep.trainables.device import pick_device
from gensweep.trainables.models import MODELS

DEFAULT_MODELS = ("mlp_1x512", "mlp_3x512", "alexnet", "inception")
# Few enough that the whole run takes some minutes on two cores.
CPU_IMAGES = {"mlp_1x512": 6_400, "mlp_3x512": 6_400, "alexnet": 384, "inception": 256}
IMAGES = {"cpu": 128, "mps": 2_560, "cuda": 50_000}


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How fast trials train, beside other ways.")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=DEFAULT_MODELS)
    parser.add_argument("--images", type=int, help="in an epoch; by default as the device is fast")
    parser.add_argument("--rounds", type=int, default=3, help="epochs that count, of each variant")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true", help="torch.compile too; takes minutes")
    parser.add_argument("--json", type=Path, help="write everything that was measured here")
    parser.add_argument("--correctness", action="store_true", help="compare final errors instead")
    parser.add_argument("--seeds", type=int, default=8, help="of --correctness")
    chosen = parser.parse_args(arguments)
    if chosen.correctness and chosen.seeds < (fewest := fewest_seeds()):
        parser.error(f"--seeds {chosen.seeds} could show no difference; at least {fewest}")
    return chosen


def main(arguments: list[str]) -> int:
    chosen = options(arguments)
    torch.set_num_threads(chosen.threads)
    device = pick_device("auto")
    print(about(device, chosen.threads))
    if chosen.correctness:
        return 0 if compare(chosen.seeds, device.type, chosen.threads) else 1
    measured = {model: measure(model, chosen, device) for model in dict.fromkeys(chosen.models)}
    print(
        "\nepoch, eval, trial and trials/h are extrapolated: 50,000 + 10,000 images, 100 epochs"
        "\npublic and bare do not evaluate, so their trials are shorter than they would be"
    )
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"about": about(device, chosen.threads), "models": measured}, indent=1),
            "utf-8",
        )
    return 0


def about(device: torch.device, threads: int) -> str:
    cpu = f"{threads} threads, {platform.machine()}"
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return f"torch {torch.__version__}, {name}, {cpu}, batch {BATCH}"


def measure(model: str, chosen: argparse.Namespace, device: torch.device) -> dict[str, object]:
    by_default = CPU_IMAGES if device.type == "cpu" else {}
    images = chosen.images or by_default.get(model, IMAGES[device.type])
    compared = variants(device.type, chosen.threads, compiled=chosen.compile)
    work, best = work_of(model), ceilings(device)
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        write_images(images, data_dir)
        job = Job(model, images, data_dir, device.type, chosen.threads)
        timings, skipped = in_turns(job, compared, chosen.rounds)
    timed = rows(timings, compared, work, best)
    print(
        f"\n{model}: {work.forward / 1e6:,.2f} M multiply-accumulates an image forward, "
        f"{work.training / 1e6:,.2f} M in training, "
        f"{work.bytes_per_step(BATCH, 'fp32') / 1e6:,.1f} MB a step in fp32; "
        f"{images:,} images an epoch, medians of {chosen.rounds}\nceilings: "
        + ", ".join(f"{name} {rate / 1e9:,.0f} Gflop/s" for name, rate in best.flops.items())
        + f", memory {best.bytes / 1e9:,.1f} GB/s"
    )
    print(table(timed, skipped), flush=True)
    return as_json(timed, skipped, work, best, images)
