"""CONTRIBUTING's recipe for a field of a trial: one annotated line, and everything follows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LINE = """    warm_up: Annotated[int, Ge(0), About("epochs of a rising learning rate")] = 0
"""
AFTER = "    lr_decay: Annotated[\n"
SWEEP = """
name = "warm"
[defaults]
dataset = "digits"
model = "mlp_1x512"
epochs = 1
[[grid]]
warm_up = [0, 5]
"""
PROGRAM = """
import json, sys
from pathlib import Path
import pyarrow as pa
import gensweep
from gensweep.orchestrator.fields import allowed
from gensweep.orchestrator.plan import plan
from gensweep.orchestrator.spec import read_spec
from gensweep.orchestrator.store.files import publish_table
from gensweep.orchestrator.store.layout import Store
from gensweep.orchestrator.store.rows import sweep_rows
from gensweep.trainables.labels import labels
planned = plan(read_spec(Path(sys.argv[1])))
trials = [p.trial for p in planned]
store = Store.create(sys.argv[2])
publish_table(store.root, store.sweep_file("warm"), sweep_rows("warm", [(t, ()) for t in trials]))
with gensweep.connect(sys.argv[2]) as db:
    print(json.dumps({
        "ids": [t.trial_id for t in trials],
        "labels": labels(trials),
        "column": db.table("select warm_up from trials order by warm_up").rows,
        "settings": db.table("select count(distinct warm_up) from settings").rows,
        "allowed": allowed("warm_up", "classifier"),
        "schema": str(pa.schema(store and sweep_rows("warm", []).schema).field("warm_up").type),
    }))
"""


def test_a_field_is_one_line(tmp_path: Path) -> None:
    house = Path(__file__).parents[2]
    for name in ("gensweep", "trainables", "orchestrator", "analysis", "cli", "sweeps"):
        (tmp_path / name).symlink_to(house / name)
    package = tmp_path / "gensweep"
    package.unlink()
    package.mkdir()
    for path in (house / "gensweep").iterdir():
        (package / path.name).symlink_to(path.resolve())
    changed = tmp_path / "changed"
    (package / "trainables").unlink()
    (package / "trainables").symlink_to(changed)
    _linked_copy(house / "trainables", changed, "classifier/trial.py")
    trial = changed / "classifier" / "trial.py"
    text = (house / "trainables" / "classifier" / "trial.py").read_text()
    assert text.count(AFTER) == 1
    trial.write_text(text.replace(AFTER, LINE + AFTER))
    (tmp_path / "warm.toml").write_text(SWEEP)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "warm.toml", "results"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["labels"] == [
        "mlp_1x512, true labels, warm_up 0, seed 0",
        "mlp_1x512, true labels, warm_up 5, seed 0",
    ]
    assert found["column"] == [[0], [5]]
    assert found["settings"] == [[2]]
    assert found["allowed"] == "a whole number, at least 0"
    assert found["schema"] == "int64"
    from gensweep.trainables.classifier.trial import ClassifierTrial

    old = ClassifierTrial(dataset="digits", model="mlp_1x512", epochs=1)
    assert found["ids"][0] == old.trial_id


def _linked_copy(source: Path, target: Path, apart: str) -> None:
    """Folders of links, but for one file, which is left out."""
    for path in source.rglob("*.py"):
        place = path.relative_to(source)
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        if str(place) != apart:
            (target / place).symlink_to(path)
