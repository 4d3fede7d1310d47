"""Options that commands share, their environment variables, and the help that explains them."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from gensweep.cli import main
from gensweep.cli.main import MEANT, app

Gensweep = Callable[..., Any]

# As the contract has them.
COMMANDS = {
    "plan": "--results --only --set --max-trials --format --safe-csv",
    "launch": "--results --data --address --only --set --max-trials --dry-run --retry-failed",
    "status": "--results --format --safe-csv",
    "watch": "--every --results",
    "show": "--results --format --safe-csv",
    "query": "--file --sweep --results --format --safe-csv --timeout --memory",
    "sql": "--results --format --safe-csv --timeout --memory",
    "diff": "--results --format --safe-csv",
    "report": "--html --only --brief --paper --results --format --safe-csv",
    "plot": "--output --results --format --safe-csv",
    "data list": "--data --format --safe-csv",
    "data export": "--train --test --data",
    "data prepare": "--from --data",
    "export": "--format --force --results",
    "compact": "--results",
    "merge": "--results",
    "doctor": "--results --data --format --safe-csv",
}
READING = ["status", "show 07bc", "query values(1)", "diff 07bc d78a", "report", "plot 1c"]


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_the_commands_and_their_options_are_those_of_the_contract() -> None:
    found = {
        name: {p.opts[0] for p in command.params if p.param_type_name == "option"} - {"--help"}
        for name, command in commands(typer.main.get_command(app))
    }
    assert found == {name: set(options.split()) for name, options in COMMANDS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_says_what_it_and_each_option_does(
    gensweep: Gensweep, name: str
) -> None:
    done = gensweep(*name.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: gensweep {name} ")
    text = " ".join(done.out.split())
    command = dict(commands(typer.main.get_command(app)))[name]
    assert command.help
    for parameter in command.params:
        assert parameter.help, parameter.name
        assert " ".join(parameter.help.split()) in text
        assert (parameter.opts[0] if parameter.opts[0].startswith("-") else "Arguments:") in text


def test_the_help_of_the_program_has_every_command(gensweep: Gensweep) -> None:
    done = gensweep("--help")
    assert done.code == 0
    assert {name.split()[0] for name in COMMANDS} <= {
        line.split()[0] for line in done.out.splitlines() if line.startswith("  ")
    }
    assert gensweep() == done
    assert "..." not in done.out.partition("Commands:")[2], "a description is cut"


def test_the_version_is_that_of_the_package(gensweep: Gensweep) -> None:
    assert gensweep("--version") == (0, f"gensweep {version('gensweep')}\n", "")


@pytest.mark.parametrize("line", READING)
def test_results_are_found_by_option_by_environment_and_by_default(
    gensweep: Gensweep, results: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    by_default = gensweep(*line.split())
    assert by_default.code == 0
    shutil.move(results, "moved")
    assert gensweep(*line.split()).code == 3
    assert gensweep(*line.split(), "--results", "moved") == by_default
    monkeypatch.setenv("GENSWEEP_RESULTS", "moved")
    assert gensweep(*line.split()) == by_default
    assert gensweep(*line.split(), "--results", "nowhere").code == 3


def test_the_data_folder_is_found_by_option_and_by_environment(
    gensweep: Gensweep, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, name in (("one", "cifar10"), ("two", "mnist")):
        Path(folder, name).mkdir(parents=True)
        Path(folder, name, "dataset.json").write_text("{}")

    def prepared(*arguments: str) -> list[str]:
        out = gensweep("data", "list", *arguments, "--format", "csv").out
        return [line.split(",")[0] for line in out.splitlines() if line.split(",")[1] == "yes"]

    assert prepared("--data", "one") == ["cifar10"]
    monkeypatch.setenv("GENSWEEP_DATA", "two")
    assert prepared() == ["mnist"]
    assert prepared("--data", "one") == ["cifar10"]


def test_without_either_data_are_kept_in_the_users_place_for_data(
    gensweep: Gensweep, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gensweep.cli.options.user_data_path", lambda *_, **__: tmp_path / "home")
    assert gensweep("data", "list", "--format", "table").out.startswith(
        f"Datasets in {tmp_path / 'home'}\n"
    )


def test_plan_takes_what_launch_takes_to_choose_trials(gensweep: Gensweep, results: Path) -> None:
    Path("a.toml").write_text('name = "a"\n[[grid]]\nmodel = ["inception", "alexnet"]\n')
    options = ("--set", "seeds=[4, 5]", "--set", "epochs=7", "--set", "dataset=digits")
    chosen = ("--only", "model = 'alexnet' and seed > 4", "--format", "csv")
    done = gensweep("plan", "a.toml", *options, *chosen)
    head, row = (line.split(",") for line in done.out.split("\n\n")[0].splitlines()[1:])
    found = dict(zip(head, row, strict=True))
    assert (found["model"], found["seed"], found["epochs"]) == ("alexnet", "5", "7")
    assert "dataset,digits,1\n" in done.out


@pytest.mark.parametrize(
    ("old", "new"), [("needed", "regularization_necessity"), ("subsets", "clean_vs_corrupted")]
)
def test_a_summary_can_be_asked_for_by_the_name_it_had(
    gensweep: Gensweep, results: Path, old: str, new: str
) -> None:
    assert gensweep("report", "--only", old) == gensweep("report", "--only", new)


@pytest.mark.parametrize("word", sorted(MEANT))
def test_a_command_of_another_program_is_answered_with_ours(gensweep: Gensweep, word: str) -> None:
    done = gensweep(word)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gensweep: error: gensweep: unknown command '{word}'; use ")
    named = re.findall(r"gensweep (\w+)", MEANT[word])
    assert set(named) <= set(main.COMMANDS)
    assert word not in main.COMMANDS


def test_a_command_that_is_mistyped_is_answered_with_the_nearest(gensweep: Gensweep) -> None:
    assert "unknown command 'lanch'; did you mean 'launch'?" in gensweep("lanch").err


@pytest.mark.parametrize("command", ["", *COMMANDS, "data prepare"])
def test_help_has_a_short_name(gensweep: Gensweep, command: str) -> None:
    short, long = (gensweep(*command.split(), option) for option in ("-h", "--help"))
    assert (short.code, short.out) == (0, long.out)
    assert long.out.startswith("Usage: gensweep")


def test_commands_in_a_process_that_goes_on_leave_its_signals_alone(
    gensweep: Gensweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "_call", interrupt)
    before = signal.getsignal(signal.SIGINT)
    assert gensweep("status").code == 130
    assert signal.getsignal(signal.SIGINT) == before
