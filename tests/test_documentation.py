"""What the documentation says is what the code does."""

from __future__ import annotations

import pkgutil
import re
import runpy
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from gensweep.analysis.database.catalog import VIEWS
from gensweep.cli.main import COMMANDS
from gensweep.orchestrator.fields import trial_fields
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import parse_spec
from gensweep.trainables.classifier.trial import ClassifierTrial

FIELDS = trial_fields("classifier")
ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
SWEEPS = (ROOT / "docs" / "sweeps.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def commands() -> set[str]:
    return set(COMMANDS)


def test_the_readmes_sweep_file_can_be_planned() -> None:
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert example
    spec = parse_spec(example[1], "README.md")
    assert len(plan(spec)) == 2 * 3 * 2 * 3


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_trial_is_documented_with_its_default(name: str) -> None:
    row = re.search(rf"^\| `{name}` \| (?P<default>[^|]*) \|", SWEEPS, re.MULTILINE)
    assert row, f"docs/sweeps.md does not list {name}"
    default = next(f.default for f in fields(ClassifierTrial) if f.name == name)
    shown = row["default"].strip().strip("`")
    if name == "seed":
        assert shown == "from `seeds`".strip("`")
    elif default is MISSING:
        assert shown == "–"
    elif isinstance(default, bool):
        assert shown == str(default).lower()
    elif isinstance(default, str):
        assert shown == default
    else:
        assert float(shown) == default


def test_the_table_of_fields_is_what_the_code_declares() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "reference.py"))
    assert made["with_fields"](SWEEPS) == SWEEPS, "run `python docs/reference.py`"


def test_every_command_is_documented_and_exists() -> None:
    documented = set(re.findall(r"^\| `gensweep (\w+)", SWEEPS, re.MULTILINE))
    assert documented == commands()


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_documented(view: str) -> None:
    assert f"- `{view}`:" in SWEEPS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_names_on_a_page_exist(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"`(gensweep(?:\.\w+)+)", text)
    for module, names in re.findall(r"^from (\S+) import (.+)$", text, re.MULTILINE):
        assert module.startswith("gensweep")
        named += [f"{module}.{name}" for name in names.split(", ")]
    for name in named:
        assert pkgutil.resolve_name(name) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_shown_on_a_page_exist(page: Path) -> None:
    shown = set(re.findall(r"(?:^\$ |`|/)gensweep (\w+)", page.read_text(), re.MULTILINE))
    assert shown <= commands()


@pytest.mark.parametrize("sweep", sorted((ROOT / "sweeps").glob("*.toml")), ids=lambda s: s.name)
def test_the_readme_lists_every_sweep(sweep: Path) -> None:
    assert f"`{sweep.name}`" in README


def test_the_results_page_shows_what_its_commands_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSWEEP_RESULTS", str(ROOT / "docs" / "cifar10_cpu"))
    page = (ROOT / "docs" / "results.md").read_text()
    refresh = runpy.run_path(str(ROOT / "docs" / "refresh.py"))["refresh"]
    assert refresh(page) == page


def test_the_reference_of_commands_is_what_the_commands_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GENSWEEP_RESULTS", "GENSWEEP_DATA"):
        monkeypatch.delenv(name, raising=False)
    made = runpy.run_path(str(ROOT / "docs" / "reference.py"))
    assert made["PAGE"].read_text() == made["reference"](), "run `python docs/reference.py`"
