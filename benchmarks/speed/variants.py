"""The compared variants by name. To compare another one, add a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from speed import alongside, bare, ours, public
from speed.job import Laps


@dataclass(frozen=True)
class Variant:
    """family: public, bare or ours. processes: how many train at a time."""

    family: str
    laps: Laps
    precision: str = "fp32"
    processes: int = 1


def variants(device: str, cores: int, *, compiled: bool) -> dict[str, Variant]:
    """Variants that can differ on this device; several processes only on a CPU."""
    table = {
        f"public, {loaders} loaders": Variant("public", partial(public.laps, loaders=loaders))
        for loaders in (0, 2, 8)
        if loaders <= cores
    }
    table |= {"bare": Variant("bare", bare.laps)} | _ours(compiled=compiled)
    if device == "cuda":
        table |= _cuda()
    if device == "cpu" and cores > 1:
        alone = ("public, 0 loaders", "bare", "ours", "ours, bf16")
        table |= {
            f"{name.removesuffix(', 0 loaders')}, {cores} processes": _side_by_side(
                table[name], cores
            )
            for name in alone
        }
    return table


def _ours(*, compiled: bool) -> dict[str, Variant]:
    table = {
        "ours": _variant(),
        "ours, captured": _variant(engine="captured"),
        "ours, 2 packed": _variant(trials=2),
        "ours, bf16": _variant("bf16"),
    }
    if compiled:
        table["ours, compiled"] = _variant(compile=True)
        table["ours, compiled, bf16"] = _variant("bf16", compile=True)
    return table


def _cuda() -> dict[str, Variant]:
    return {
        "ours, tf32": _variant("tf32"),
        "ours, 16 packed": _variant(trials=16),
        "ours, captured, 4 packed": _variant(engine="captured", trials=4),
        "ours, captured, 16 packed": _variant(engine="captured", trials=16),
        "ours, captured, bf16": _variant("bf16", engine="captured"),
        "ours, captured, bf16, 16 packed": _variant("bf16", engine="captured", trials=16),
    }


def _variant(precision: str = "fp32", **settings: Any) -> Variant:
    return Variant("ours", partial(ours.laps, precision=precision, **settings), precision)


def _side_by_side(one: Variant, processes: int) -> Variant:
    laps = partial(alongside.laps, of=one.laps, processes=processes)
    return Variant(one.family, laps, one.precision, processes)
