"""What each measure of capacity can tell apart and what it cannot: sentences with its figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

GROUP_BY = ("dataset", "model", "batch_norm", "measure", "n")
SIDES = ("random_labels", "true_labels")
_Found = Mapping[str, list[dict[str, Any]]]  # the records of each figure


def statements(records: Iterable[dict[str, Any]]) -> list[str]:
    """A sentence per measure that was taken: what it can tell apart, and what it cannot."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        found[record["figure"]].append(record)
    return [*_of_rademacher(found), *_of_vc(found), *_of_stability(found)]


def _of_rademacher(found: _Found) -> Iterator[str]:
    complexities = _values(found, "rademacher", "random_labels")
    if not complexities:
        return
    text = (
        f"Rademacher complexity: at least {_span(complexities)} (at most 1 is possible), from "
        "random signs alone. It tells networks and sizes apart, never true labels from random ones"
    )
    tests = {_key(r): r["true_labels"] for r in found["test_error"]}
    trains = {_key(r): r["true_labels"] for r in found["train_error"]}
    pairs = [
        (trains[key] + r["random_labels"], tests[key])
        for r in found["rademacher"]
        if r["random_labels"] is not None and tests.get(key := _key(r)) is not None
    ]
    if pairs:
        allowed, measured = zip(*pairs, strict=True)
        text += (
            f": on true ones it allows a test error of {_span(allowed)} or more, where "
            f"{_span(measured)} is measured"
        )
    yield text


def _of_vc(found: _Found) -> Iterator[str]:
    counts = _values(found, "parameters_per_image", "random_labels")
    if not counts:
        return
    # Of a network with a bound, that; of others its order, without the constants.
    bounds = {_key(r): r for r in [*found["vc_order_per_image"], *found["vc_bound_per_image"]]}
    vacuous = sum(r["random_labels"] >= 1 for r in bounds.values())
    yield (
        f"VC dimension: {_span(counts)} parameters per image; the bound is at least n, and so "
        f"vacuous, in {vacuous} of {len(bounds)} cases. It looks at neither labels nor images: it "
        "tells networks apart by their size"
    )


def _of_stability(found: _Found) -> Iterator[str]:
    random, true = (_values(found, "largest_error_change", side) for side in SIDES)
    if random:
        beside = f", and by {_span(true)} on true ones" if true else ""
        yield (
            f"stability: one example of n replaced moves the error of an image by up to "
            f"{_span(random)} on random labels{beside}. Uniform stability is for the worst labels "
            "there are, so what random ones show holds for true ones too: it tells algorithms "
            "apart, not labels"
        )
    if random or true:
        yield (
            "left-out error: how much more often an example is wrong if left out of training. It "
            "can tell labels apart, as it estimates the gap itself: it measures generalization, "
            "and does not explain it"
        )


def _values(found: _Found, figure: str, side: str) -> list[float]:
    return [r[side] for r in found[figure] if r[side] is not None]


def _key(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in (*GROUP_BY, "settings"))


def _span(values: Sequence[float]) -> str:
    """`0.99` or `0.97 to 1`."""
    low, high = (f"{value:.3g}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"
