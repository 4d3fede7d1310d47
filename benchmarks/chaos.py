"""Pulling plugs: `python benchmarks/chaos.py [--rounds 20] [--bucket]`.

Claim: whatever is killed at whatever moment, launching again gives the same tables, byte for byte,
as an undisturbed sweep. Every round runs a new sweep, launched again and again while SIGKILL hits a
worker, Ray's head, the driver or all of them at random moments; after the last kill it runs
undisturbed until it is done. With --bucket the results are in an S3 bucket, served by moto on
loopback.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from victims import KINDS, MARK, kill, marked

import gensweep

SWEEP = """
name = "chaos"
seeds = [0]
[defaults]
dataset = "digits"
epochs = 12
batch_size = 32
lr = 0.02
log_every = 7
[regularizer.all]
flip = true
rotation = 10.0
weight_decay = 5e-4
[[grid]]
model = ["mlp_1x512", "alexnet"]
randomization = ["true_labels", "partial_labels"]
corruption = [0.5]
regularizer = ["none", "all"]
[resources]
checkpoint_seconds = 0
"""
# Columns that depend on the clock and the machine; all others must be the same.
CLOCK = {
    "trials": "wall_seconds, images_per_second, attempts, host, started_at, finished_at",
    "epochs": "seconds",
    "steps": "",
    "sweep_trials": "",
}
LONGEST = 300.0  # seconds that one launch may take


def launch(sweep: Path, results: str, mark: str) -> subprocess.Popen[bytes]:
    code = "import sys; sys.argv[0] = 'gensweep'; from gensweep.cli.main import main; main()"
    command = [sys.executable, "-c", f"{code}  # gensweep-driver", "launch", str(sweep)]
    return subprocess.Popen(
        [*command, "--results", results, "--retry-failed"],
        env=os.environ | {MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def tables(results: str) -> dict[str, bytes]:
    """Every table, without columns that depend on the clock, as sorted lines of text."""
    with gensweep.connect(results) as db:
        contents = {}
        for name, clock in CLOCK.items():
            kept = f"* exclude ({clock})" if clock else "*"
            rows = db.table(f"select {kept} from {name}").rows
            contents[name] = "\n".join(sorted(map(repr, rows))).encode()
        return contents


def disturbed(sweep: Path, results: str, kills: int, chance: random.Random) -> Counter[str]:
    """Launch until the sweep is done, killing processes. Returns counts of kills and launches."""
    counts: Counter[str] = Counter()
    while True:
        mark = f"{os.getpid()}-{chance.getrandbits(48):x}"
        process = launch(sweep, results, mark)
        counts["launches"] += 1
        started = time.monotonic()
        while process.poll() is None:
            if counts.total() - counts["launches"] < kills:
                time.sleep(chance.uniform(0.5, 9.0))
                kind = chance.choice(list(KINDS))
                counts[kind] += kill(kind, mark, chance.random()) > 0
            time.sleep(0.1)
            if time.monotonic() - started > LONGEST:
                kill("everything", mark, 0.0)
                raise SystemExit(f"a launch hung: {sweep}")
        said = process.stderr.read().decode(errors="replace") if process.stderr else ""
        gone(mark)
        if process.returncode == 0:
            return counts
        if process.returncode not in (-9, 1, 3, 130):
            raise SystemExit(f"a launch ended with {process.returncode}: {said}")


def gone(mark: str) -> None:
    """Wait for the workers of a dead driver to end by themselves. Ray's own helpers may stay on."""
    until = time.monotonic() + 60.0
    while left := [c for c in marked(mark).values() if "ray::" in c and "Agent" not in c]:
        if time.monotonic() > until:
            kill("everything", mark, 0.0)
            raise SystemExit(f"still there a minute after their driver: {left}")
        time.sleep(0.2)
    kill("everything", mark, 0.0)


@contextmanager
def places(in_bucket: bool) -> Iterator[str]:
    """Yields new places for results: folders, or prefixes of a bucket on our own server."""
    if not in_bucket:
        with tempfile.TemporaryDirectory(prefix="gensweep-chaos-") as folder:
            yield folder
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise it logs every request
    from moto.server import ThreadedMotoServer
    from pyarrow.fs import S3FileSystem

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        os.environ |= {"AWS_ACCESS_KEY_ID": "chaos", "AWS_SECRET_ACCESS_KEY": "chaos"}
        endpoint = f"{host}:{port}"
        S3FileSystem(
            endpoint_override=endpoint,
            scheme="http",
            region="us-east-1",
            allow_bucket_creation=True,
        ).create_dir("chaos")
        yield f"s3://chaos/{{}}?endpoint_override={endpoint}&scheme=http&region=us-east-1"
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--kills", type=int, default=4, help="at most, in each round")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bucket", action="store_true", help="keep the results in a bucket")
    arguments = parser.parse_args()

    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, places(arguments.bucket) as place:
        sweep = Path(folder, "chaos.toml")
        sweep.write_text(SWEEP, "utf-8")

        def results(name: str) -> str:
            return place.format(name) if arguments.bucket else f"{place}/{name}"

        disturbed(sweep, results("undisturbed"), 0, random.Random(0))
        expected = tables(results("undisturbed"))
        for number in range(1, arguments.rounds + 1):
            began = time.monotonic()
            chance = random.Random(arguments.seed * 1000 + number)
            counts = disturbed(sweep, results(f"round-{number}"), arguments.kills, chance)
            found = tables(results(f"round-{number}"))
            wrong = [name for name in CLOCK if found[name] != expected[name]]
            total += counts
            what = ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()) if n)
            verdict = f"DIFFERS in {', '.join(wrong)}" if wrong else "same tables"
            print(
                f"round {number:2}: {time.monotonic() - began:4.0f} s, {what}: {verdict}",
                flush=True,
            )
            if wrong:
                raise SystemExit(1)
    sizes = ", ".join(f"{len(content):,} bytes of {name}" for name, content in expected.items())
    kills = {kind: n for kind, n in sorted(total.items()) if kind != "launches"}
    print(f"{arguments.rounds} rounds, {total['launches']} launches, kills: {kills}")
    print(f"every round gave the tables of the undisturbed run: {sizes}")


if __name__ == "__main__":
    main()
