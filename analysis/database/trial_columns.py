"""The columns of trials that SQL has from the declarations of their fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

import duckdb

from gensweep.orchestrator.store.rows import setting_row
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.fields import Decides, Field, Part
from gensweep.trainables.registry import TRAINABLES

_TYPES = {bool: "boolean", int: "bigint", float: "double", str: "varchar"}
_FIELDS = tuple(ClassifierTrial.fields().values())


def _with_label(columns: Callable[[Field], str]) -> list[str]:
    """What is said of each field, with the regularizers' label before the first of them."""
    found = []
    for field in _FIELDS:
        if field.about.part is Part.REGULARIZER and "regularizer" not in found:
            found.append("regularizer")
        found.append(columns(field))
    return [column for column in found if column]


# The columns of `trials` that a sweep file decides.
FIELD_COLUMNS = tuple(_with_label(lambda field: field.name))


def expand(sql: str) -> str:
    """A view's text with the columns that stand in it as {fields} and {setting}."""
    stored, setting = _with_label(_stored), _with_label(_of_setting)
    return sql.replace("{fields}", ", ".join(stored)).replace("{setting}", ", ".join(setting))


def _stored(field: Field) -> str:
    """What is stored; of a trial from before the field was there, what its config says."""
    column, kind = field.column, _TYPES[field.type]
    found = [column, f"try_cast(config->>'{field.name}' as {kind})"]
    if field.default is not MISSING:
        found.append(_literal(field.default))
    return f"case when network then coalesce({', '.join(found)}) else {column} end as {field.name}"


def _of_setting(field: Field) -> str:
    return field.name if field.about.decides is Decides.SETTING else ""


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def create_trainables(connection: duckdb.DuckDBPyConnection) -> None:
    """The table `trainables`: which of them train a network; and the macro `apart_from`."""
    networks = [t.config.trains_network for t in TRAINABLES.values()]
    connection.execute(
        "create table trainables as select unnest(?::varchar[]) as trainable, "
        "unnest(?::boolean[]) as network",
        [list(TRAINABLES), networks],
    )
    cases = " ".join(f"when '{part}' then '{_without(part)}'" for part in Part)
    connection.execute(
        "create macro apart_from(setting, part) as "
        f"json_merge_patch(setting, case part {cases} end)::varchar"
    )


def _without(part: Part) -> str:
    return json.dumps({f.name: None for f in _FIELDS if f.about.part is part})


def create_settings(connection: duckdb.DuckDBPyConnection) -> None:
    """The table `computed_settings`, for trials from before their settings were stored."""
    asked = """
        select trial_id, trainable, config from stored_trials where setting_id is null
        union
        select trial_id, trainable, config from stored_sweeps where setting_id is null
    """
    rows = [(i, setting_row(t, _setting(t, c))) for i, t, c in connection.execute(asked).fetchall()]
    connection.execute(
        "create table computed_settings as select unnest(?::varchar[]) as trial_id, "
        "unnest(?::varchar[]) as setting_id, unnest(?::varchar[]) as setting",
        [[i for i, _ in rows], *([row[name] for _, row in rows] for name in _COMPUTED)],
    )


_COMPUTED = ("setting_id", "setting")


def _setting(trainable: str, config: str) -> dict[str, Any]:
    """A field that this version does not know counts as one that makes a setting."""
    known = TRAINABLES[trainable].config.fields() if trainable in TRAINABLES else {}
    apart = {name for name, field in known.items() if field.about.decides is not Decides.SETTING}
    return {name: v for name, v in json.loads(config).items() if name not in apart}
