"""Every mistake in a sweep file is reported with its line, what is wrong and what is allowed."""

from __future__ import annotations

import pytest

from gensweep.orchestrator.errors import SpecError
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import parse_spec
from gensweep.trainables.models import MODELS

# The parts of a correct file; a mistake replaces one of them, its line marked by an arrow.
PARTS = {
    "name": 'name = "made"',
    "seeds": "seeds = [0, 1]",
    "top": "",
    "defaults": '[defaults]\ndataset = "cifar10"\nlr = 0.1',
    "model": "[model.inception]\nlr = 0.2",
    "regularizer": "[regularizer.wd]\nweight_decay = 5e-4",
    "grid": '[[grid]]\nmodel = ["inception", "mlp_1x512"]\nregularizer = ["none", "wd"]',
    "resources": "[resources]\ncpu = 1",
}
ARROW = "# <--"
NAME = "a name of a-z, 0-9, _ and -, of at most 200 characters"
SEEDS = "a list of different whole numbers"
FRACTION = "a number, at least 0, at most 1"
MODEL = "one of " + ", ".join(MODELS)
TOP = "one of name, seeds, defaults, dataset, model, regularizer, grid, resources"
LEAST = "a number, at least 0"
GPUS = "a number up to 1, or a whole number, at most 1000000000"
PACK = "auto, or a whole number, at least 1"

# (the part, its text, the key, what is wrong, what is allowed)
MISTAKES = [
    # unknown keys, at every level
    ("top", "sedes = [1] # <--", "sedes", "unknown key 'sedes'; did you mean 'seeds'?", TOP),
    ("top", "[grids] # <--\na = 1", "grids", "unknown key 'grids'; did you mean 'grid'?", TOP),
    ("defaults", "[defaults]\nepoch = 3 # <--", "defaults.epoch", "did you mean 'epochs'?", ""),
    ("model", "[model.alexnet]\nmomentun = 0 # <--", "model.alexnet.momentun", "'momentum'?", ""),
    ("regularizer", "[regularizer.wd]\nwd = 1 # <--", "regularizer.wd.wd", "unknown key", ""),
    ("grid", '[[grid]]\nmodel = "alexnet"\nfeed = "x" # <--', "grid.feed", "'feeds'?", ""),
    (
        "resources",
        "[resources]\ncpus = 1 # <--",
        "resources.cpus",
        "'cpu'?",
        "one of cpu, gpu, dev",
    ),
    # keys that have their own place
    ("defaults", "[defaults]\nseed = 3 # <--", "defaults.seed", "an axis of every grid", "seeds"),
    (
        "regularizer",
        '[regularizer.wd]\nmodel = "alexnet" # <--',
        "regularizer.wd.model",
        "is chosen by a grid",
        "model in [[grid]]",
    ),
    # unknown names
    ("model", "[model.inceptoin] # <--", "model.inceptoin", "did you mean 'inception'?", MODEL),
    ("grid", '[[grid]]\nmodel = "alexnett" # <--', "grid.model", "mean 'alexnet'?", MODEL),
    ("defaults", '[defaults]\ndataset = "cifar-10" # <--', "defaults.dataset", "'cifar10'?", ""),
    (
        "grid",
        '[[grid]]\nmodel = "alexnet"\nregularizer = ["none", "wdd"] # <--',
        "grid.regularizer",
        "unknown regularizer 'wdd'; did you mean 'wd'?",
        "one of none, wd",
    ),
    (
        "grid",
        '[[grid]]\nmodel = "alexnet"\nrandomization = ["random_label"] # <--',
        "grid.randomization",
        "unknown randomization 'random_label'; did you mean 'random_labels'?",
        "one of true_labels, partial_labels, random_labels, shuffled_pixels, random_pixels, gauss",
    ),
    ("regularizer", "[regularizer.none] # <--", "regularizer.none", "without settings", "another"),
    # values
    (
        "grid",
        '[[grid]]\nmodel = "alexnet"\nrandomization = "partial_labels"\ncorruption = 1.5 # <--',
        "grid.corruption",
        "1.5 is not valid",
        FRACTION,
    ),
    (
        "grid",
        (
            '[[grid]]\nmodel = "alexnet"\nrandomization = "partial_labels"\n'
            "corruption = [ # <--\n  0.5,\n  -0.1,\n]"
        ),
        "grid.corruption",
        "-0.1 is not valid",
        FRACTION,
    ),
    (
        "defaults",
        "[defaults]\nepochs = true # <--",
        "defaults.epochs",
        "true is not",
        "a whole num",
    ),
    ("defaults", "[defaults]\nlr = nan # <--", "defaults.lr", "nan is not", "a number, above 0"),
    ("defaults", "[defaults]\nlr = '1' # <--", "defaults.lr", "'1' is not", "a number, above 0"),
    ("defaults", "[defaults]\ncrop = 1 # <--", "defaults.crop", "1 is not valid", "true or false"),
    (
        "defaults",
        "[defaults]\nlr = [1] # <--",
        "defaults.lr",
        "[1] is not valid",
        "a number, above",
    ),
    ("defaults", "[defaults]\nmodel = 3 # <--", "defaults.model", "3 is not valid", MODEL),
    ("model", "[model.alexnet]\nlr = 0 # <--", "model.alexnet.lr", "0 is not", "a number, above 0"),
    ("regularizer", "[regularizer.wd]\ndropout = 1 # <--", "regularizer.wd.dropout", "", "below 1"),
    ("regularizer", "[regularizer]\nwd = 1 # <--", "regularizer.wd", "is not a table", "[regular"),
    # the grids
    ("grid", "", "grid", "there is no grid", "one or more [[grid]]"),
    ("grid", "[grid] # <--\nmodel = 'alexnet'", "grid", "there is no grid", "one or more [[grid]]"),
    ("grid", "[[grid]]\nmodel = [] # <--", "grid.model", "is an empty list", "at least one value"),
    ("grid", "[[grid]] # <--\nlr = 1", "grid.model", "is missing", MODEL),
    (
        "grid",
        '[[grid]]\nmodel = "alexnet"\nfeeds = "figure_1" # <--',
        "grid.feeds",
        "'figure_1' is not valid",
        "a list of names",
    ),
    (
        "grid",
        '[[grid]]\nmodel = "alexnet"\nrandomization = "gaussian"\ncorruption = 0.5 # <--',
        "grid.corruption",
        "applies to partial_labels only",
        "no corruption",
    ),
    # the name and the seeds
    ("name", "", "name", "is missing", NAME),
    ("name", 'name = "Figure 1" # <--', "name", "'Figure 1' is not valid", NAME),
    ("name", "name = '../up' # <--", "name", "'../up' is not valid", NAME),
    ("name", "name = 1 # <--", "name", "1 is not valid", NAME),
    ("seeds", "seeds = [0, 1, 0] # <--", "seeds", "[0, 1, 0] is not valid", SEEDS),
    ("seeds", "seeds = [] # <--", "seeds", "[] is not valid", SEEDS),
    ("seeds", "seeds = 3 # <--", "seeds", "3 is not valid", SEEDS),
    ("seeds", "seeds = [-1] # <--", "seeds", "[-1] is not valid", SEEDS),
    ("seeds", "seeds = [true] # <--", "seeds", "[true] is not valid", SEEDS),
    # the resources
    ("resources", "[resources]\ngpu = -1 # <--", "resources.gpu", "-1 is not valid", GPUS),
    ("resources", "[resources]\ncpu = inf # <--", "resources.cpu", "inf is not valid", LEAST),
    ("resources", "[resources]\ncpu = true # <--", "resources.cpu", "true is not valid", LEAST),
    ("resources", "[resources]\ncpu = '2' # <--", "resources.cpu", "'2' is not valid", LEAST),
    (
        "resources",
        "[resources]\ndevice = 'gpu' # <--",
        "resources.device",
        "unknown device 'gpu'",
        "one of auto, cpu, cuda, mps",
    ),
    (
        "resources",
        "[resources]\nengine = 'capture' # <--",
        "resources.engine",
        "unknown engine 'capture'; did you mean 'captured'?",
        "one of auto, eager, captured",
    ),
    ("resources", "[resources]\nengine = 1 # <--", "resources.engine", "engine '1'", "one of auto"),
    ("resources", "[resources]\ncompile = 1 # <--", "resources.compile", "1 is not", "true or fal"),
    ("resources", "[resources]\npack = 0 # <--", "resources.pack", "0 is not valid", PACK),
    ("resources", "[resources]\npack = 2.0 # <--", "resources.pack", "2.0 is not valid", PACK),
    ("resources", "[resources]\npack = true # <--", "resources.pack", "true is not valid", PACK),
    ("resources", "[resources]\npack = '4' # <--", "resources.pack", "'4' is not valid", PACK),
    ("resources", "[resources]\npack = [4] # <--", "resources.pack", "[4] is not valid", PACK),
    ("resources", "[resources]\npacks = 4 # <--", "resources.packs", "did you mean 'pack'?", ""),
]


def text_with(**parts: str) -> str:
    return "\n\n".join({**PARTS, **parts}.values()) + "\n"


def marked_line(text: str) -> int:
    """The line of the arrow; without one the mistake is what is missing, and stands at the top."""
    lines = text.splitlines()
    return next((n for n, line in enumerate(lines, start=1) if line.endswith(ARROW)), 1)


def test_the_file_without_mistakes_is_correct() -> None:
    assert len(plan(parse_spec(text_with(), "a.toml"))) == 8


@pytest.mark.parametrize(
    ("part", "text", "key", "what", "allowed"), MISTAKES, ids=[mistake[2] for mistake in MISTAKES]
)
def test_a_mistake_is_one_error_with_line_key_what_and_allowed(
    part: str, text: str, key: str, what: str, allowed: str
) -> None:
    # A regularizer that a mistake takes away would be missed by the grid as well.
    grid = {} if part in ("grid", "top") else {"grid": '[[grid]]\nmodel = "mlp_1x512"'}
    file = text_with(**{**grid, part: text})
    with pytest.raises(SpecError) as caught:
        parse_spec(file, "dir/a.toml")
    (problem,) = caught.value.problems
    assert problem.where == f"dir/a.toml:{marked_line(file)}: {key}"
    assert what in problem.what
    assert allowed in problem.allowed
    assert str(problem) == f"{problem.where}: {problem.what}; {problem.allowed}"


@pytest.mark.parametrize("key", ["defaults", "model", "regularizer", "resources"])
def test_what_should_be_a_table_and_is_not_is_said_once(key: str) -> None:
    file = text_with(
        **{key: "", "top": f"{key} = 3 {ARROW}", "grid": '[[grid]]\nmodel = "alexnet"'}
    )
    with pytest.raises(SpecError) as caught:
        parse_spec(file, "a.toml")
    line = marked_line(file)
    assert str(caught.value) == f"a.toml:{line}: {key}: is not a table; [{key}]"


@pytest.mark.parametrize("grid", ["3", "[]", "[1]", "[[1, 2]]", "'alexnet'"])
def test_what_should_be_grids_and_is_not_is_an_error(grid: str) -> None:
    file = text_with(top=f"grid = {grid} {ARROW}", grid="")
    with pytest.raises(SpecError) as caught:
        parse_spec(file, "a.toml")
    where = f"a.toml:{marked_line(file)}: grid"
    assert str(caught.value) == f"{where}: there is no grid; one or more [[grid]]"


def test_all_problems_are_reported_in_one_go() -> None:
    file = text_with(
        name='name = "A B"',
        seeds="seeds = [1, 1]",
        top="grit = 1",
        defaults='[defaults]\ndataset = "cifar11"\nlr = -1',
        model="[model.vgg]\nlr = 0.2",
        regularizer='[regularizer.wd]\nweight_decay = "much"',
        grid='[[grid]]\nmodel = ["alexnet"]\ncorruption = []\n\n[[grid]]\nmodel = "mlp"',
        resources='[resources]\ngpu = "all"',
    )
    lines = file.splitlines()
    with pytest.raises(SpecError) as caught:
        parse_spec(file, "a.toml")
    marks = ["name =", "seeds", "grit", "dataset", "lr = -1", "[model.vgg]", "weight_decay"]
    marks += ["corruption", 'model = "mlp"', "gpu"]
    expected = {next(n for n, line in enumerate(lines, 1) if line.startswith(m)) for m in marks}
    found = {int(p.where.split(":")[1]) for p in caught.value.problems}
    assert found == expected
    assert str(caught.value).splitlines() == [str(p) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("grid", "key", "what"),
    [
        ('[[grid]]\nmodel = "alexnet"\ndataset = "digits"\ncrop = true # <--', "crop", "no margin"),
        ('[[grid]]\nmodel = ["alexnet", "resnet18"]\ndropout = 0.5 # <--', "dropout", "no place"),
        (
            '[[grid]] # <--\nmodel = "alexnet"\ndataset = "digits"\nregularizer = "c"',
            "crop",
            "no ma",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_an_error_with_the_line_of_the_grid(
    grid: str, key: str, what: str
) -> None:
    file = text_with(regularizer="[regularizer.c]\ncrop = true", grid=grid)
    spec = parse_spec(file, "a.toml")
    with pytest.raises(SpecError) as caught:
        plan(spec)
    (problem,) = caught.value.problems
    assert problem.where == f"a.toml:{marked_line(file)}: {key}"
    assert what in problem.what
    assert problem.allowed.startswith(("datasets that have one: ", "models that have one: "))


def test_contradictions_of_all_grids_are_reported_in_one_go() -> None:
    file = text_with(
        grid='[[grid]]\nmodel = "resnet18"\ndropout = [0.0, 0.5]\n'
        '[[grid]]\nmodel = "alexnet"\ndataset = "mnist"\ncrop = true'
    )
    with pytest.raises(SpecError) as caught:
        plan(parse_spec(file, "a.toml"))
    assert [p.where.split(": ")[1] for p in caught.value.problems] == ["dropout", "crop"]
