"""A trial: everything that decides what is computed, and nothing that decides where.

Imports no torch, so that planning a sweep stays instant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Annotated, Any, ClassVar, Literal, NoReturn

from annotated_types import Ge, Gt, Interval, Lt

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.errors import TrialError
from gensweep.trainables.fields import About, Decides, Part
from gensweep.trainables.models import MODELS, model_label
from gensweep.trainables.models.macs import multiply_accumulates
from gensweep.trainables.models.sizes import check_size
from gensweep.trainables.randomizations import RANDOMIZATIONS, randomization_label
from gensweep.trainables.trial import Trial

Stop = Literal["epochs", "fit"]
Precision = Literal["fp32", "tf32", "bf16"]
Optimizer = Literal["sgd", "rmsprop", "adam", "adamw"]


@dataclass(frozen=True, kw_only=True)
class ClassifierTrial(Trial):
    """One training run of one network on one (randomized) dataset.

    Equal trials compare and hash equal: fields that have no effect are brought to one form,
    so `partial_labels` at 0 is `true_labels`, and at 1 it is `random_labels`.

    Raises TrialError where a setting could only be ignored: a crop without a margin to crop
    from, dropout in a model that has no place for it, or a weight of an auxiliary head that the
    model does not have. Raises it too for images that are too small for the model.
    """

    trainable: ClassVar[str] = "classifier"
    trains_network: ClassVar[bool] = True
    takes_encoded: ClassVar[bool] = True
    told: ClassVar[frozenset[str] | None] = frozenset(
        {"model", "batch_norm", "randomization", "corruption", "crop", "flip", "color", "seed"}
    )

    dataset: str = "cifar10"
    model: Annotated[str, About("the architecture")]
    randomization: Annotated[
        str,
        About(
            "what is done to the data, once, before training",
            label="data",
            part=Part.DATA,
            shapes=False,
        ),
    ] = "true_labels"
    corruption: Annotated[
        float,
        Interval(ge=0.0, le=1.0),
        About(
            "the probability p with which `partial_labels` redraws a training label; 0 is "
            "`true_labels`, 1 is `random_labels`, and the other randomizations ignore it",
            label="p",
            part=Part.DATA,
            shapes=False,
        ),
    ] = 0.0
    crop: Annotated[
        bool,
        About(
            "a random crop, of datasets that have a margin; a random window, of encoded images",
            part=Part.REGULARIZER,
        ),
    ] = False
    flip: Annotated[
        bool, About("mirror left and right with probability 1/2", part=Part.REGULARIZER)
    ] = False
    rotation: Annotated[
        float,
        Ge(0.0),
        Lt(180.0),
        About("the largest angle of a random rotation, in degrees", part=Part.REGULARIZER),
    ] = 0.0
    weight_decay: Annotated[
        float,
        Ge(0.0),
        About(
            "the coefficient of the L2 penalty's gradient, on all parameters",
            label="wd",
            part=Part.REGULARIZER,
            shapes=False,
        ),
    ] = 0.0
    dropout: Annotated[
        float,
        Interval(ge=0.0, lt=1.0),
        About(
            "the probability of dropping a unit, in models that have a place for it",
            part=Part.REGULARIZER,
        ),
    ] = 0.0
    batch_norm: Annotated[
        bool,
        About("false takes batch normalization out of a model that has it", part=Part.BATCH_NORM),
    ] = True
    seed: Annotated[
        int,
        Interval(ge=0, lt=2**32),
        About("of every random stream", decides=Decides.SEED, shapes=False),
    ] = 0
    epochs: Annotated[
        int,
        Ge(1),
        About(
            "the most epochs that are trained",
            part=Part.LENGTH,
            shapes=False,
            column="max_epochs",
        ),
    ] = 100
    stop: Annotated[
        Stop,
        About("train all epochs, or end at training error 0", part=Part.LENGTH, shapes=False),
    ] = "epochs"
    patience: Annotated[
        int,
        Ge(1),
        About(
            'how many evaluated epochs in a row must fit, with `stop = "fit"`',
            part=Part.LENGTH,
            shapes=False,
        ),
    ] = 1
    batch_size: Annotated[int, Ge(1), About("training examples of an optimizer step")] = 128
    lr: Annotated[float, Gt(0.0), About("the learning rate before any decay", shapes=False)] = 0.01
    lr_decay: Annotated[
        float,
        Interval(gt=0.0, le=1.0),
        About("the factor of the learning rate after every `lr_decay_epochs`", shapes=False),
    ] = 0.95
    momentum: Annotated[
        float,
        Interval(ge=0.0, lt=1.0),
        About("of SGD and RMSProp; the first beta of Adam", shapes=False),
    ] = 0.9
    precision: Annotated[Precision, About("the number format of matrix products")] = "fp32"
    log_every: Annotated[
        int, Ge(1), About("optimizer steps per row of `steps`", decides=Decides.RECORD)
    ] = 100
    evaluate_every: Annotated[
        int,
        Ge(1),
        About(
            "epochs from one evaluation to the next. The first and the last epoch are always "
            "evaluated, and so is every epoch with a mean training loss below 0.1 until one has "
            "training error 0. `fit_epoch` is the first *evaluated* epoch with training error 0",
            part=Part.LENGTH,
            shapes=False,
        ),
    ] = 1
    optimizer: Annotated[
        Optimizer,
        About(
            "the rule of a step. `rmsprop` is TensorFlow's; `adamw` takes the weight decay out of "
            "the gradient"
        ),
    ] = "sgd"
    beta2: Annotated[
        float,
        Interval(ge=0.0, lt=1.0),
        About("the decay of the mean squared gradient, of RMSProp and Adam; SGD ignores it"),
    ] = 0.999
    epsilon: Annotated[
        float,
        Gt(0.0),
        About("added to the mean squared gradient by RMSProp, to its root by Adam; SGD ignores it"),
    ] = 1e-8
    lr_decay_epochs: Annotated[
        int, Ge(1), About("epochs from one `lr_decay` to the next", shapes=False)
    ] = 1
    warmup_epochs: Annotated[
        int,
        Ge(0),
        About("epochs in which the learning rate grows step by step from 0 to its value"),
    ] = 0
    label_smoothing: Annotated[
        float,
        Interval(ge=0.0, lt=1.0),
        About(
            "the part of each label that is spread evenly over all classes. Reported losses are "
            "those of the unsmoothed labels"
        ),
    ] = 0.0
    aux_weight: Annotated[
        float,
        Ge(0.0),
        About(
            "the weight of the auxiliary classifier's loss in what is minimized; 0 takes the "
            "auxiliary head out"
        ),
    ] = 0.0

    color: Annotated[
        bool,
        About(
            "random brightness, saturation, hue and contrast, of datasets of encoded images",
            part=Part.REGULARIZER,
        ),
    ] = False

    sync_batch_norm: Annotated[
        bool,
        About(
            "batch normalization over the whole batch of a trial that runs as several ranks, "
            "instead of over each rank's share of it"
        ),
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.randomization == "partial_labels" and self.corruption in (0.0, 1.0):
            self._set("randomization", "random_labels" if self.corruption else "true_labels")
        rule = RANDOMIZATIONS.get(self.randomization)
        if rule and rule.corruption is not None:
            self._set("corruption", rule.corruption)
        if self.stop == "epochs":
            self._set("patience", 1)
        if self.lr_decay == 1.0:
            self._set("lr_decay_epochs", 1)
        if self.optimizer == "adamw" and not self.weight_decay:
            self._set("optimizer", "adam")
        if self.optimizer == "sgd":
            for name in ("beta2", "epsilon"):
                self._set(name, self.fields()[name].default)
        # The first epoch and the last are evaluated in any case.
        self._set("evaluate_every", min(self.evaluate_every, self.epochs if self.epochs > 2 else 1))
        if self.model in MODELS:
            self._check_model()
        if self.dataset in DATASETS:
            self._check_dataset()
        check_size(self.model, self.dataset)

    def _check_model(self) -> None:
        model = MODELS[self.model]
        if not model.batch_norm:
            self._set("batch_norm", False)
        if not self.batch_norm:
            self._set("sync_batch_norm", False)
        if self.dropout and not model.dropout:
            fitting = (name for name, m in MODELS.items() if m.dropout)
            self._refuse("dropout", f"{self.model} has no place for dropout", "models", fitting)
        if self.aux_weight and not model.auxiliary:
            fitting = (name for name, m in MODELS.items() if m.auxiliary)
            self._refuse("aux_weight", f"{self.model} has no auxiliary head", "models", fitting)

    def _check_dataset(self) -> None:
        name, source = self.dataset, DATASETS[self.dataset]
        if self.crop and not source.has_margin:
            fitting = (other for other, s in DATASETS.items() if s.has_margin)
            what = f"{name} images have no margin to crop from"
            self._refuse("crop", what, "datasets", fitting)
        if self.color and not source.encoded:
            fitting = (other for other, s in DATASETS.items() if s.encoded)
            what = f"{name} has no encoded images"
            raise TrialError("color", what, f"datasets that have some: {', '.join(fitting)}")
        rule = RANDOMIZATIONS.get(self.randomization)
        if source.encoded and rule and rule.images:
            fitting = (other for other, r in RANDOMIZATIONS.items() if not r.images)
            what = f"{self.randomization} changes images, and those of {name} are encoded"
            raise TrialError("randomization", what, f"one of {', '.join(fitting)}")
        if self.aux_weight and source.train % self.batch_size == 1:
            what = (
                f"{self.batch_size} leaves one of {source.train} examples for the last step, and "
                "batch normalization in the auxiliary head needs two"
            )
            raise TrialError("batch_size", what, "another")

    @staticmethod
    def _refuse(name: str, what: str, which: str, fitting: Iterable[str]) -> NoReturn:
        raise TrialError(name, what, f"{which} that have one: {', '.join(fitting)}")

    @property
    def regularizer(self) -> str:
        """The explicit regularizers at work, such as `none`, `wd` or `crop+wd`."""
        return "+".join(label for name, label in _regularizers() if getattr(self, name)) or "none"

    @property
    def input_size(self) -> int:
        """Height and width in pixels of what the network sees."""
        return DATASETS[self.dataset].view

    @property
    def max_epochs(self) -> int:
        return self.epochs

    @property
    def engine_key(self) -> tuple[Any, ...]:
        return self.trainable, *(getattr(self, name) for name in _shaping())

    @property
    def fills_gpu(self) -> int:
        if DATASETS[self.dataset].encoded:  # decoding images takes longer than training on them
            return 1
        return MODELS[self.model].fills_gpu

    @property
    def cost(self) -> int:
        """Of the forward passes alone. One that stops at training error 0 is taken to need all its
        epochs.
        """
        examples = DATASETS[self.dataset].train
        return self.epochs * examples * multiply_accumulates(self.model, self.dataset)

    def epoch_of(self, step: int) -> int:
        return step // ceil(DATASETS[self.dataset].train / self.batch_size)

    def evaluates(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, is evaluated however well it went."""
        return epoch in (1, self.epochs) or epoch % self.evaluate_every == 0

    def lr_in(self, epoch: int, part: float = 1.0) -> float:
        """The learning rate of the step that ends this part of an epoch, counted from 1."""
        lr = self.lr * self.lr_decay ** ((epoch - 1) // self.lr_decay_epochs)
        if epoch > self.warmup_epochs:
            return lr
        return lr * (epoch - 1 + part) / self.warmup_epochs

    @property
    def title(self) -> str:
        """Such as `alexnet, labels p=0.5, crop+wd`."""
        data = randomization_label(self.randomization, self.corruption)
        model = model_label(self.model, self.batch_norm)
        return ", ".join([model, data, *([] if self.regularizer == "none" else [self.regularizer])])


@cache
def _regularizers() -> tuple[tuple[str, str], ...]:
    """The fields of explicit regularizers, with their labels."""
    fields = ClassifierTrial.fields().items()
    return tuple((name, f.label) for name, f in fields if f.about.part is Part.REGULARIZER)


@cache
def _shaping() -> tuple[str, ...]:
    return tuple(name for name, f in ClassifierTrial.fields().items() if f.about.shapes)
