"""The files under deploy/, as far as they can be checked without a cluster."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from gensweep.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SLURM = (DEPLOY / "slurm.sh").read_text()
CLUSTERS = (ROOT / "docs" / "clusters.md").read_text()


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return content


def gensweep_lines() -> list[str]:
    """Every launch that the files and their page show."""
    job = read("kuberay.yaml")["spec"]["entrypoint"]
    script = re.search(r'/gensweep" (launch .*) &', SLURM)
    assert script
    shown = re.findall(r"(gensweep (?:launch|status)[^\n`#]*)", CLUSTERS)
    return [job, f"gensweep {script[1]}", *(line for line in shown if "SWEEP.toml" not in line)]


def test_the_cluster_file_passes_rays_own_schema_and_loader() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = prepare_config(read("ray-cluster.yaml"))
    validate_config(config)
    assert config["max_workers"] == len(config["provider"]["worker_ips"])


def test_whoever_wants_in_needs_a_token_everywhere() -> None:
    """Ray 2.60 asks for none by itself, and a node that does not expect one finds none."""
    for name in ("slurm.sh", "ray-cluster.yaml"):
        lines = (DEPLOY / name).read_text().splitlines()
        starts = [line for line in lines if re.search(r'ray"? start', line)]
        assert len(starts) == 2
        exported = any(
            line.startswith("export") and "RAY_AUTH_MODE=token" in line for line in lines
        )
        assert exported or all("RAY_AUTH_MODE=token " in line for line in starts)
    config = read("ray-cluster.yaml")
    home = f"/home/{config['auth']['ssh_user']}"
    assert config["file_mounts"] == {f"{home}/.ray/auth_token": "~/.ray/auth_token"}
    assert read("kuberay.yaml")["spec"]["rayClusterSpec"]["authOptions"] == {"mode": "token"}


# Stand-ins for what a Slurm node has. Each notes how it was called, and with which token.
NOTE = 'echo "$(basename "$0") $* mode=$RAY_AUTH_MODE token=$RAY_AUTH_TOKEN" >> "$NOTES"'
COMMANDS = {
    "hostname": "echo 127.0.0.1 10.0.0.10",
    "srun": """
        echo "srun $* cpus=$SRUN_CPUS_PER_TASK" >> "$NOTES"
        while [[ $1 == --* ]]; do shift; done
        exec "$@"
    """,
    "ray": f"""
        {NOTE}
        case "$*" in
            status*) echo " 1 node_a"; echo " 1 node_b"; echo " 1 node_c" ;;
            *--head*) exec python -c "import socket, sys, time
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
time.sleep(60)" "$(sed 's/.*--port=\\([0-9]*\\).*/\\1/' <<< "$*")" ;;
            *) exec sleep 60 ;;
        esac
    """,
    "gensweep": f"""
        trap 'sleep 1; echo "gensweep saved its trials" >> "$NOTES"; exit 130' TERM
        {NOTE}
        for _ in {{1..600}}; do sleep 0.1; done
    """,
}


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Run the script as Slurm does, on a machine of stand-ins."""
    for name, body in COMMANDS.items():
        (tmp_path / name).write_text(f"#!/usr/bin/env bash\n{body}")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    started: list[subprocess.Popen[bytes]] = []

    def run() -> subprocess.Popen[bytes]:
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "NOTES": str(tmp_path / "notes"),
            "GENSWEEP_BIN": str(tmp_path),
            "GENSWEEP_RESULTS": "/shared/results",
            "SLURMD_NODENAME": "node-a",
            "SLURM_JOB_NUM_NODES": "3",
            "SLURM_JOB_ID": str(os.getpid()),
            "SLURM_CPUS_PER_TASK": "16",
            "SLURM_GPUS_ON_NODE": "4",
        }
        script = ["bash", str(DEPLOY / "slurm.sh"), "sweeps/table_1.toml"]
        started.append(subprocess.Popen(script, env=environment, start_new_session=True))
        return started[-1]

    yield run
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_slurm_script_starts_ray_everywhere_and_stops_the_launch_in_good_order(
    slurm: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    process, until = slurm(), time.monotonic() + 60
    while not notes.exists() or "gensweep launch" not in notes.read_text():
        assert process.poll() is None
        assert time.monotonic() < until, notes.read_text()
        time.sleep(0.05)
    process.terminate()  # as Slurm does before the time is over, to the script alone
    assert process.wait(60) == 130

    lines = notes.read_text().splitlines()
    said = "\n".join(lines)
    port = 20000 + os.getpid() % 10000
    assert lines[-1] == "gensweep saved its trials"
    assert f"--nodes=1 --ntasks=1 --nodelist=node-a --overlap {tmp_path}/ray start --head" in said
    assert f"--nodes=2 --ntasks=2 --exclude=node-a --overlap {tmp_path}/ray start --address" in said
    assert all("cpus=16" in line for line in lines if line.startswith("srun"))
    assert f"--node-ip-address=127.0.0.1 --port={port} --num-cpus=16 --num-gpus=4" in said
    assert f"start --address=127.0.0.1:{port} --num-cpus=16 --num-gpus=4" in said
    where = f"--address 127.0.0.1:{port} --results /shared/results"
    assert f"gensweep launch sweeps/table_1.toml {where}" in said
    tokens = set(re.findall(r"mode=token token=([0-9a-f]{64})$", said, re.MULTILINE))
    assert len(tokens) == 1


@pytest.mark.parametrize("source", ["slurm.sh", "ray-cluster.yaml"])
def test_ray_knows_the_options_that_it_is_started_with(source: str) -> None:
    from ray.scripts.scripts import start

    text = (DEPLOY / source).read_text()
    given = set(re.findall(r"(--[a-z-]+)(?==| |$)", "\n".join(_ray_lines(text))))
    known = {name for option in start.params for name in (*option.opts, *option.secondary_opts)}
    assert given
    assert given <= known


def _ray_lines(text: str) -> list[str]:
    lines = [line.partition("ray")[2] for line in text.splitlines() if 'ray" start' in line]
    lines += [line for line in text.splitlines() if "ray start" in line]
    return lines + re.findall(r"resources=\((.*)\)", text)


def test_the_kubernetes_job_has_what_kuberay_requires() -> None:
    job = read("kuberay.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    pins = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines()[1:]
    )
    assert cluster["rayVersion"] == pins["ray"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        (container,) = group["template"]["spec"]["containers"]
        assert {"name", "image", "resources"} <= set(container)
    for workers in cluster["workerGroupSpecs"]:
        assert workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]


@pytest.mark.parametrize("line", gensweep_lines())
def test_every_command_shown_can_be_parsed(line: str) -> None:
    program, name, *arguments = shlex.split(line)
    assert program.endswith("gensweep")
    group: Any = typer.main.get_command(app)
    command = group.get_command(None, name)
    with command.make_context(name, arguments) as context:
        assert context.params
