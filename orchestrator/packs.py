"""Which trials a worker runs side by side, and which it runs first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice
from math import ceil

from gensweep.orchestrator.resources import Resources
from gensweep.trainables.randomizations import RANDOMIZATIONS
from gensweep.trainables.trial import Trial


def largest_pack(resources: Resources, trial: Trial) -> int:
    """How many trials like this one worker may run side by side.

    The eager engine runs them in turn, which is no faster than one after the other; and only
    networks are trained side by side. Several ranks train one trial at a time.
    """
    if not trial.trains_network or resources.ranks > 1:
        return 1
    if isinstance(resources.pack, int):
        return resources.pack
    return trial.fills_gpu if resources.chosen_engine == "captured" else 1


def in_order(trials: Iterable[Trial]) -> list[Trial]:
    """Long trials first, so that no lane is still at one when the others have run out of trials.

    Of equally long ones, those of equal shape and with the same images stand next to each other:
    a worker that goes from one to the next finds engine and data loaded. Otherwise stable.
    """
    places: dict[Hashable, int] = {}

    def key(trial: Trial) -> tuple[int, ...]:
        alike = trial.engine_key, _images(trial)
        return (-trial.cost, *(places.setdefault(a, len(places)) for a in (alike[0], alike)))

    return sorted(trials, key=key)


def _images(trial: Trial) -> tuple[str, str, int]:
    """Equal for trials of equal shape that have their images in common."""
    randomization = getattr(trial, "randomization", "true_labels")
    if RANDOMIZATIONS[randomization].images is None:
        return trial.dataset, "", 0
    return trial.dataset, randomization, trial.seed


def packs(
    trials: Sequence[Trial], largest: Callable[[Trial], int], workers: int
) -> list[tuple[Trial, ...]]:
    """Every trial in one pack: of trials of equal shape, and not above what `largest` says of them.

    `workers` is how many packs run at a time. A shape is spread over all of them before a pack gets
    a second trial, so none stays empty while others hold several. Packs come longest first;
    trials of a pack, and packs of equal length, in the order of the trials.
    """
    groups = defaultdict(list)
    for trial in trials:
        groups[trial.engine_key, largest(trial)].append(trial)
    made = []
    for (_, most), group in groups.items():
        made += _split(group, max(ceil(len(group) / most), min(len(group), workers)))
    return sorted(made, key=lambda pack: -sum(trial.cost for trial in pack))


def _split(group: Sequence[Trial], parts: int) -> list[tuple[Trial, ...]]:
    """So many parts, of sizes that differ by one at most."""
    size, longer = divmod(len(group), parts)
    rest = iter(group)
    return [tuple(islice(rest, size + (part < longer))) for part in range(parts)]
