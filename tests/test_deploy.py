"""The files under deploy/, as far as they can be checked without a cluster."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cli.main import app

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
    script = re.search(r'/gensweep" (launch .*?) &', SLURM)
    assert script
    shown = re.findall(r"(gensweep (?:launch|status)[^\n`#]*)", CLUSTERS)
    return [job, f"gensweep {script[1]}", *(line for line in shown if "SWEEP.toml" not in line)]


def test_the_cluster_file_passes_rays_own_schema_and_loader() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = prepare_config(read("ray-cluster.yaml"))
    validate_config(config)
    assert config["max_workers"] == len(config["provider"]["worker_ips"])


def test_the_slurm_script_is_bash() -> None:
    subprocess.run(["bash", "-n", str(DEPLOY / "slurm.sh")], check=True)


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
