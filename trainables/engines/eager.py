"""The plain engine: one PyTorch call after the other, on any device."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.data import Split, TrialData, load_trial_data
from trainables.engines.protocol import Evaluation, Window
from trainables.models import build_model
from trainables.models.layers import Dropout, initialize
from trainables.preprocessing import whiten
from trainables.regularizers import augment, augments
from trainables.seeds import generator, torch_seed
from trainables.trial import ClassifierTrial

_EVALUATION_BATCH = {"cpu": 500, "cuda": 10_000, "mps": 2_000}


class EagerEngine:
    """Runs its lanes one after the other; the reference for every other engine."""

    def __init__(
        self, trials: Sequence[ClassifierTrial], data_dir: Path, device: torch.device
    ) -> None:
        self._device = device
        self._lanes = [_Lane(trial, data_dir, device) for trial in trials]

    @property
    def device(self) -> str:
        if self._device.type == "cuda":
            return torch.cuda.get_device_name(self._device)
        return f"{self._device.type} ({platform.machine()})"

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self._lanes[0].model.parameters())

    def train_epoch(self, epoch: int, lanes: Sequence[int]) -> Iterator[Window]:
        epochs = [self._lanes[lane].train_epoch(epoch) for lane in lanes]
        for windows in zip(*epochs, strict=True):
            yield Window(windows[0][0], [loss for _, loss in windows])

    def evaluate(self, lane: int) -> tuple[Evaluation, Evaluation]:
        return self._lanes[lane].evaluate()

    def state(self, lane: int) -> dict[str, Any]:
        return self._lanes[lane].state()

    def restore(self, lane: int, state: dict[str, Any]) -> None:
        self._lanes[lane].restore(state)


class _Lane:
    """One trial's model, optimizer and data."""

    def __init__(self, trial: ClassifierTrial, data_dir: Path, device: torch.device) -> None:
        self.trial = trial
        self.device = device
        self.data: TrialData = load_trial_data(trial, data_dir, device)
        self.model = build_model(
            trial.model,
            self.data.shape,
            self.data.classes,
            batch_norm=trial.batch_norm,
            dropout=trial.dropout,
        )
        seed = torch_seed(trial.seed, "initialization")
        initialize(self.model, torch.Generator().manual_seed(seed))
        # Convolutions run faster on channels-last images; for other models they would be copied.
        convolves = any(isinstance(module, nn.Conv2d) for module in self.model.modules())
        self.layout = torch.channels_last if convolves else torch.contiguous_format
        self.model.to(device).to(memory_format=self.layout)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=trial.lr,
            momentum=trial.momentum,
            weight_decay=trial.weight_decay,
            fused=device.type != "mps",
        )
        self.augmentation = torch.Generator(device)
        self.dropout = torch.Generator(device)
        for module in self.model.modules():
            if isinstance(module, Dropout):
                module.generator = self.dropout

    def train_epoch(self, epoch: int) -> Iterator[tuple[int, float]]:
        """Yield (steps of this epoch so far, mean loss of the window) as windows close."""
        trial, train = self.trial, self.data.train
        for group in self.optimizer.param_groups:
            group["lr"] = trial.lr_in(epoch)
        self.augmentation.manual_seed(torch_seed(trial.seed, "augmentation", epoch))
        self.dropout.manual_seed(torch_seed(trial.seed, "dropout", epoch))
        order = generator(trial.seed, "order", epoch).permutation(len(train.labels))
        batches = torch.split(torch.from_numpy(order).to(self.device), trial.batch_size)

        set_precision(trial.precision)
        self.model.train()
        total, in_window = torch.zeros((), device=self.device), 0
        for step, batch in enumerate(batches, start=1):
            total += self._step(train, batch)
            in_window += 1
            if step % trial.log_every == 0 or step == len(batches):
                yield step, total.item() / in_window
                total.zero_()
                in_window = 0

    def _step(self, train: Split, batch: Tensor) -> Tensor:
        images = train.inputs[batch]
        if augments(self.trial):
            images = whiten(augment(images, self.trial, self.augmentation))
        images = images.contiguous(memory_format=self.layout)
        with autocast(self.trial.precision, self.device):
            loss = functional.cross_entropy(self.model(images), train.labels[batch])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach()

    def evaluate(self) -> tuple[Evaluation, Evaluation]:
        set_precision(self.trial.precision)
        self.model.eval()
        return self._evaluate(self.data.train), self._evaluate(self.data.test)

    @torch.no_grad()
    def _evaluate(self, split: Split) -> Evaluation:
        loss = torch.zeros((), device=self.device, dtype=torch.float32)
        predictions = []
        size = _EVALUATION_BATCH[self.device.type]
        for inputs, labels in zip(
            torch.split(split.inputs, size), torch.split(split.labels, size), strict=True
        ):
            with autocast(self.trial.precision, self.device):
                images = self.data.as_seen(inputs).contiguous(memory_format=self.layout)
                logits = self.model(images)
            loss += functional.cross_entropy(logits.float(), labels, reduction="sum")
            predictions.append(logits.argmax(dim=1))
        return _summarize(loss / len(split.labels), torch.cat(predictions), split)

    def state(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])


def _summarize(loss: Tensor, predictions: Tensor, split: Split) -> Evaluation:
    """Count on the device; the host waits for the results once."""
    wrong = predictions != split.labels
    counts = [wrong.sum()]
    if split.changed is not None:
        changed = split.changed
        recovered = changed & (predictions == split.truth)
        counts += [(wrong & changed).sum(), recovered.sum(), changed.sum()]
    values = torch.stack([loss.double(), *(count.double() for count in counts)]).tolist()
    mean_loss, errors, n = values[0], values[1], len(split.labels)
    if split.changed is None:
        return Evaluation(mean_loss, errors / n, errors / n, None, None)
    changed_errors, recovered_count, changed_count = values[2:]
    clean = n - changed_count
    return Evaluation(
        loss=mean_loss,
        error=errors / n,
        clean_error=(errors - changed_errors) / clean if clean else None,
        memorized=1.0 - changed_errors / changed_count,
        recovered=recovered_count / changed_count,
    )


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """bf16 matrix work with float32 weights, where the precision asks for it."""
    if precision == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def set_precision(precision: str) -> None:
    """Let CUDA's float32 matrix work round its inputs to TensorFloat-32, or forbid it."""
    allow = "tf32" if precision == "tf32" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = allow
    torch.backends.cudnn.conv.fp32_precision = allow  # type: ignore[attr-defined]
