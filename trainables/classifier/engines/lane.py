"""One trial on its device, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gensweep.trainables.classifier.data import Split, TrialData, load_trial_data
from gensweep.trainables.classifier.engines.evaluation import evaluate
from gensweep.trainables.classifier.engines.measures import margins, measures
from gensweep.trainables.classifier.engines.protocol import Evaluation, Should
from gensweep.trainables.classifier.engines.states import check_like, check_optimizer
from gensweep.trainables.classifier.learning import Learning
from gensweep.trainables.classifier.losses import training_losses
from gensweep.trainables.classifier.optimizers import optimizer_of
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.device import autocast, set_precision
from gensweep.trainables.errors import CheckpointError
from gensweep.trainables.models import build_model
from gensweep.trainables.models.layers import BatchNorm2d, Dropout, initialize
from gensweep.trainables.ranks import ALONE, Ranks
from gensweep.trainables.records import Examples, Measures
from gensweep.trainables.seeds import generator, torch_seed


@dataclass(frozen=True)
class StepOptions:
    """How steps are taken; never part of what they compute.

    compiled:        whether torch.compile makes their kernels.
    follow_examples: whether to record when each training example is learned.
    micro_batch:     how many examples are in memory at a time; 0 is all of a batch.
    ranks:           the processes that take them together.
    """

    compiled: bool = False
    follow_examples: bool = False
    micro_batch: int = 0
    ranks: Ranks = ALONE


PLAIN = StepOptions()


class Lane:
    """A trial's model, optimizer and data, and how far it is in which epoch."""

    def __init__(
        self,
        trial: ClassifierTrial,
        data_dir: Path,
        device: torch.device,
        options: StepOptions = PLAIN,
    ) -> None:
        self.trial = trial
        self.ranks, self._micro_batch = options.ranks, options.micro_batch
        self.device = device
        self.data: TrialData = load_trial_data(trial, data_dir, device)
        self.model = self.untrained()
        # Convolutions run faster on channels-last images; for other models they would be copied.
        convolves = any(isinstance(module, nn.Conv2d) for module in self.model.modules())
        self.layout = torch.channels_last if convolves else torch.contiguous_format
        self.model.to(device).to(memory_format=self.layout)
        self._learner = torch.compile(self.model) if options.compiled else self.model
        self.optimizer = optimizer_of(trial, self.model.parameters(), device)
        self.augmentation = torch.Generator(device)
        self.dropout = torch.Generator(device)
        self.drop_by(self.dropout, self.model)
        if trial.sync_batch_norm:
            for module in self.model.modules():
                if isinstance(module, BatchNorm2d):
                    module.ranks = self.ranks
        self.order = torch.empty(0, dtype=torch.int64, device=device)
        self.batches: Sequence[Tensor] = ()
        self._inputs: Iterator[Tensor] = iter(())
        self.epoch = self.steps = self.window_steps = 0
        self.window_loss = torch.zeros((), device=device)
        self._message = torch.empty(0 if self.ranks.alone else 1 + self.parameters, device=device)
        examples = len(self.data.train.labels)
        self._learning = Learning(examples, device) if options.follow_examples else None

    def untrained(self) -> nn.Module:
        """The trial's model as it was before its first step, on the CPU."""
        model = self.build()
        seed = torch_seed(self.trial.seed, "initialization")
        initialize(model, torch.Generator().manual_seed(seed))
        return model

    def build(self) -> nn.Module:
        """The trial's model, which is yet to be initialized."""
        return build_model(
            self.trial.model,
            self.data.shape,
            self.data.classes,
            batch_norm=self.trial.batch_norm,
            dropout=self.trial.dropout,
            auxiliary=self.trial.aux_weight > 0,
        )

    @staticmethod
    def drop_by(generator: torch.Generator, model: nn.Module) -> None:
        """Let the generator choose the units that are dropped."""
        for module in model.modules():
            if isinstance(module, Dropout):
                module.generator = generator

    @property
    def stored(self) -> Split:
        """The training set of a trial whose images are all on the device."""
        assert isinstance(self.data.train, Split)
        return self.data.train

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())

    def begin(self, epoch: int) -> None:
        """Go to where this epoch was left, or to its start."""
        trial = self.trial
        if epoch != self.epoch:
            self.epoch, self.steps, self.window_steps = epoch, 0, 0
            self.window_loss.zero_()
            self.augmentation.manual_seed(torch_seed(trial.seed, "augmentation", epoch))
            self.dropout.manual_seed(torch_seed(trial.seed, "dropout", epoch))
        self._set_lr(trial.lr_in(epoch))
        order = generator(trial.seed, "order", epoch).permutation(len(self.data.train.labels))
        self.order = torch.from_numpy(order).to(self.device)
        self.batches = torch.split(self.order, trial.batch_size)
        left = self.batches[self.steps :]
        self._inputs = self.data.train.training(trial, epoch, left, self.augmentation, self.ranks)
        set_precision(trial.precision)
        self.model.train()

    def step(self) -> None:
        batch = self.batches[self.steps]
        own = batch[self.ranks.share(len(batch))]
        images, labels = next(self._inputs), self.data.train.labels[own]
        if not self.ranks.alone:  # so that no rank needs another one's state to continue
            place = self.epoch, self.steps, self.ranks.rank
            self.dropout.manual_seed(torch_seed(self.trial.seed, "dropout", *place))
        self.optimizer.zero_grad(set_to_none=True)
        parts = self._parts(len(batch))
        if parts == 1:
            loss = self._learn(images, labels, len(batch))
        else:
            shares = zip(images.tensor_split(parts), labels.tensor_split(parts), strict=True)
            loss = torch.stack([self._learn(*share, len(batch)) for share in shares]).sum()
        self._sum_over_ranks(loss)
        if self.epoch <= self.trial.warmup_epochs:
            self._set_lr(self.trial.lr_in(self.epoch, (self.steps + 1) / len(self.batches)))
        self.optimizer.step()
        self.window_loss += loss
        self.window_steps += 1
        self.steps += 1

    def _parts(self, count: int) -> int:
        """How often every rank computes a gradient for a batch of so many examples."""
        share = math.ceil(count / self.ranks.world)
        return math.ceil(share / self._micro_batch) if self._micro_batch else 1

    def _learn(self, images: Tensor, labels: Tensor, of: int) -> Tensor:
        """Add the gradient of some examples of a batch of so many; return what they add to its
        loss.
        """
        if not len(labels) and not self.trial.sync_batch_norm:  # fewer examples than ranks
            return torch.zeros_like(self.window_loss)
        images = images.contiguous(memory_format=self.layout)
        with autocast(self.trial.precision, self.device):
            outputs = self._learner(images)
            settings = self.trial.label_smoothing, self.trial.aux_weight
            objective, loss = training_losses(outputs, labels, *settings)
        if len(labels) < of:
            objective, loss = objective * (len(labels) / of), loss * (len(labels) / of)
        objective.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _sum_over_ranks(self, loss: Tensor) -> None:
        """The loss and the gradients, in one message."""
        if self.ranks.alone:
            return
        for parameter in self.model.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        summed = [loss, *(p.grad for p in self.model.parameters() if p.grad is not None)]
        # Into memory that is there: to get so much anew takes as long as to sum it.
        torch.cat([tensor.flatten() for tensor in summed], out=self._message)
        whole = self.ranks.sum(self._message)
        sizes = [tensor.numel() for tensor in summed]
        for tensor, part in zip(summed, torch.split(whole, sizes), strict=True):
            tensor.copy_(part.view(tensor.shape))

    def _set_lr(self, lr: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    @property
    def window_is_full(self) -> bool:
        return self.steps % self.trial.log_every == 0 or self.steps == len(self.batches)

    def close_window(self) -> float:
        """The mean loss of the window's steps."""
        mean = self.window_loss.item() / self.window_steps
        self.window_loss.zero_()
        self.window_steps = 0
        return mean

    def evaluate(self, should_stop: Should) -> tuple[Evaluation, Evaluation] | None:
        self._look()
        data, ranks = self.data, self.ranks
        train = evaluate(self._logits, data.train, should_stop, ranks)
        test = None if train is None else evaluate(self._logits, data.test, should_stop, ranks)
        if train is None or test is None:
            return None
        if self._learning:
            self._learning.take(self.epoch, train.right)
        return train, test

    def measure(self, should_stop: Should) -> Measures | None:
        self._look()
        found = margins(self._logits, self.data.train, should_stop, self.ranks)
        return None if found is None else measures(self.model, self.untrained(), found)

    def _look(self) -> None:
        """Go to evaluation mode, in which all ranks use what the first one's batches came to."""
        set_precision(self.trial.precision)
        self.model.eval()
        for buffer in self.model.buffers():
            self.ranks.copy_of_the_first(buffer)

    def examples(self) -> Examples | None:
        return self._learning.examples(self.data.train.changed) if self._learning else None

    def _logits(self, inputs: Tensor) -> Tensor:
        with autocast(self.trial.precision, self.device):
            images = self.data.as_seen(inputs).contiguous(memory_format=self.layout)
            logits: Tensor = self.model(images)
        return logits

    def close(self) -> None:
        """End what reads images in the background."""
        self.data.train.close()
        self.data.test.close()

    def momentum_buffers(self) -> dict[str, Tensor]:
        """The optimizer's, by parameter; zeros before the first step; none without momentum."""
        found = {}
        if self.trial.momentum:
            for name, parameter in self.model.named_parameters():
                state = self.optimizer.state[parameter]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(parameter, requires_grad=False)
                found[name] = state["momentum_buffer"]
        return found

    def state(self) -> dict[str, Any]:
        return {
            "device": self.device.type,
            "epoch": self.epoch,
            "steps": self.steps,
            "window_steps": self.window_steps,
            "window_loss": self.window_loss,
            "augmentation": self.augmentation.get_state(),
            "dropout": self.dropout.get_state(),
            "model": self.model.state_dict(),
            "momentum": self.optimizer.state_dict()["state"],
            "learning": self._learning.state() if self._learning else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        where = f"checkpoint of trial {self.trial.trial_id}"
        if (device := state.get("device")) != self.device.type:
            # Another device draws other random numbers, and rounds otherwise.
            raise CheckpointError(
                where,
                f"it is of device {str(device)[:20]}, and this is {self.device.type}",
                todo="continue there, or start over here",
            )
        try:
            self._check(state)
            self._restore(state)
        except (ValueError, RuntimeError) as error:  # PyTorch's, of the state of a generator
            what = f"its state does not fit this trial: {str(error)[:100]}"
            raise CheckpointError(where, what, todo="the trial has to start over") from error

    def _check(self, state: Mapping[str, Any]) -> None:
        """Raise ValueError for a state that is not of such a lane."""
        own = {name: part for name, part in self.state().items() if name != "momentum"}
        if not (self._learning and state.get("learning")):
            own["learning"] = state.get("learning")
        check_like(
            {"learning": None, **state, "momentum": None}, {**own, "momentum": None}, "state"
        )
        parameters = [parameter.detach() for parameter in self.model.parameters()]
        check_optimizer(state.get("momentum"), parameters, self.trial)
        epoch, steps, window = state["epoch"], state["steps"], state["window_steps"]
        last = math.ceil(len(self.data.train.labels) / self.trial.batch_size)
        if not (0 <= epoch <= self.trial.epochs and 0 <= window <= steps <= last):
            raise ValueError("epoch or steps")

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.epoch, self.steps = state["epoch"], state["steps"]
        self.window_steps = state["window_steps"]
        self.window_loss.copy_(state["window_loss"])
        self.augmentation.set_state(state["augmentation"])
        self.dropout.set_state(state["dropout"])
        self.model.load_state_dict(state["model"])
        if self._learning and state.get("learning"):
            self._learning.restore(state["learning"])
        else:  # what was not followed from the start cannot be told
            self._learning = None
        settings = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**settings, "state": state["momentum"]})
