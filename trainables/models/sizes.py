"""Whether the images of a dataset are large enough for a model."""

from __future__ import annotations

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.models import MODELS, models_for


def check_size(model: str, dataset: str) -> None:
    """Raise TrialError if they are not. Unknown names are the business of others."""
    if model not in MODELS or dataset not in DATASETS:
        return
    least, side = MODELS[model].smallest, DATASETS[dataset].view
    if side < least:
        raise TrialError(
            "model",
            f"{model} needs images of at least {least}x{least} pixels, and those of {dataset} "
            f"have {side}x{side}",
            f"models that fit: {', '.join(models_for(side))}",
        )
