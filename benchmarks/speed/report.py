"""The timings of one model as rows, and the rows as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from speed.floors import Ceilings, Work
from speed.job import BATCH
from speed.turns import Timing
from speed.variants import Variant


@dataclass(frozen=True)
class Row:
    """Speeds in trained images per second, times in seconds.

    over_public:  the ratio to the fastest public variant; over_bare: to the bare loop in as many
                  processes. Medians of the ratios by round.
    of_arithmetic, of_bandwidth: the share of the ceilings.
    epoch, evaluation, trial, trials_per_hour: extrapolated to the paper's images and epochs.
    """

    variant: str
    precision: str
    speed: float
    speeds: Sequence[float]
    over_public: float | None
    over_bare: float | None
    of_arithmetic: float
    of_bandwidth: float
    start: float
    epoch: float
    evaluation: float | None
    trial: float
    trials_per_hour: float


def rows(
    timings: Mapping[str, Timing],
    variants: Mapping[str, Variant],
    work: Work,
    ceilings: Ceilings,
) -> list[Row]:
    public = [timings[name] for name in timings if variants[name].family == "public"]
    fastest = max(public, key=lambda timing: timing.speed, default=None)
    bare = {
        variants[name].processes: timing
        for name, timing in timings.items()
        if variants[name].family == "bare"
    }
    return [
        _row(name, variants[name], timing, fastest, bare, work, ceilings)
        for name, timing in timings.items()
    ]


def _row(
    name: str,
    variant: Variant,
    timing: Timing,
    public: Timing | None,
    bare: Mapping[int, Timing],
    work: Work,
    ceilings: Ceilings,
) -> Row:
    precision = variant.precision
    return Row(
        variant=name,
        precision=precision,
        speed=timing.speed,
        speeds=timing.speeds,
        over_public=_ratio(timing, public),
        over_bare=_ratio(timing, bare.get(variant.processes)),
        of_arithmetic=timing.speed / ceilings.arithmetic(work, precision),
        of_bandwidth=timing.speed / ceilings.bandwidth(work, precision, BATCH),
        start=timing.start,
        epoch=timing.epoch,
        evaluation=timing.evaluation,
        trial=timing.trial,
        trials_per_hour=timing.trials_per_hour,
    )


def _ratio(timing: Timing, reference: Timing | None) -> float | None:
    if reference is None:
        return None
    pairs = zip(timing.speeds, reference.speeds, strict=True)
    return median(ours / theirs for ours, theirs in pairs)


HEAD = (
    "variant", "images/s", "x public", "x bare", "of arith.", "of bandw.",
    "start s", "epoch s", "eval s", "trial h", "trials/h",
)  # fmt: skip


def table(rows: Sequence[Row], skipped: Mapping[str, str]) -> str:
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in cells
    ]
    lines += [f"{name.ljust(widths[0])}  skipped: {why}" for name, why in skipped.items()]
    return "\n".join([*lines, *_best(rows)])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.variant,
        f"{row.speed:,.0f}",
        _or_dash(row.over_public, ".2f"),
        _or_dash(row.over_bare, ".2f"),
        f"{row.of_arithmetic:.0%}",
        f"{row.of_bandwidth:.0%}",
        f"{row.start:.1f}",
        f"{row.epoch:,.1f}",
        _or_dash(row.evaluation, ",.1f"),
        f"{row.trial / 3600:.2f}",
        f"{row.trials_per_hour:.2f}",
    )


def _or_dash(number: float | None, form: str) -> str:
    return "–" if number is None else format(number, form)


def _best(rows: Sequence[Row]) -> Iterator[str]:
    ours = [row for row in rows if row.variant.startswith("ours") and row.precision == "fp32"]
    if ours:
        best = max(ours, key=lambda row: row.speed)
        over = "" if best.over_public is None else f", {best.over_public:.2f} x public"
        yield f"a sweep in fp32: {best.variant}, {best.speed:,.0f} images/s{over}"


def as_json(
    rows: Sequence[Row], skipped: Mapping[str, str], work: Work, ceilings: Ceilings, images: int
) -> dict[str, object]:
    return {
        "images": images,
        "work": asdict(work),
        "ceilings": asdict(ceilings),
        "rows": [asdict(row) for row in rows],
        "skipped": dict(skipped),
    }
