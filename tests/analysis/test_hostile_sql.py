"""SQL that means harm is answered or refused in one line, and gets at nothing."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest

from gensweep.analysis.database.connection import Database
from gensweep.analysis.database.errors import QueryError
from gensweep.analysis.database.running import Limits
from gensweep.cli.formats import Format
from gensweep.cli.writers import WRITERS

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import hostile_sql  # type: ignore[import-not-found]

    return hostile_sql


def test_hostile_statements_are_answered_or_refused_in_one_line_and_get_at_nothing(
    benchmark: ModuleType, tmp_path: Path
) -> None:
    import hostile_statements  # type: ignore[import-not-found]

    root, names = benchmark.prepared(tmp_path)
    heavy = {*hostile_statements.ENDLESS, *hostile_statements.DEEP}
    texts = [text for text in hostile_statements.statements(7, mutated=100) if text not in heavy]
    assert len(texts) >= 200
    before = benchmark.content(tmp_path)
    answered, refusals = 0, list[str]()
    with Database(root, limits=Limits(seconds=5)) as db:
        for number, text in enumerate(texts):
            question = benchmark.filled(text, names)
            try:
                table = db.table(question)
            except QueryError as error:
                refusals.append(str(error))
                continue
            answered += 1
            format_ = [*WRITERS][number % len(WRITERS)]
            written = "".join(chain.from_iterable(WRITERS[format_]([table])))
            assert benchmark.SECRET not in written
    assert answered >= 50
    assert {len(refusal.splitlines()) for refusal in refusals} == {1}
    assert max(map(len, refusals)) < 2000
    assert not [refusal for refusal in refusals if "took longer" in refusal]
    assert benchmark.content(tmp_path) == before


@pytest.mark.parametrize("format_", Format)
def test_deep_and_long_statements_are_too(
    benchmark: ModuleType, tmp_path: Path, format_: Format
) -> None:
    import hostile_statements

    root, _ = benchmark.prepared(tmp_path)
    texts = hostile_statements.DEEP
    for text in texts[[*Format].index(format_) :: len(Format)]:
        code, _, err, seconds = benchmark.asked(text, root, format_)
        assert code in (0, 1)
        assert err.count("\n") == code
        assert len(err) < 2000
        assert seconds < 5
