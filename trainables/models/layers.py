"""Layers and the initialization that the convolutional models share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.models import synchronized
from gensweep.trainables.ranks import Ranks


class BatchNorm2d(nn.BatchNorm2d):
    """Batch normalization, over the examples of all ranks if it is told of them.

    ranks: the processes that hold the batch together; None where this one has all of it.
    """

    ranks: Ranks | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.ranks is None or self.ranks.alone:
            normalized: Tensor = super().forward(x)
            return normalized
        return synchronized.normalized(x, self, self.ranks)


class ShiftBatchNorm2d(BatchNorm2d):
    """Batch normalization with a shift and no scale.

    The paper gives Inception the same parameter count with and without batch normalization,
    so its batch norm has one parameter per channel: the shift that replaces the bias.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        del self.weight
        self.register_buffer("weight", torch.ones(channels), persistent=False)


class Linear(nn.Linear):
    """A linear layer that uses oneDNN for float32 products on a CPU.

    PyTorch uses the BLAS it was built with, MKL for float32, which on some CPUs is less than half
    as fast (docs/performance.md).
    """

    def forward(self, x: Tensor) -> Tensor:
        if not _onednn_takes(x) or self.weight.dtype != torch.float32:
            return functional.linear(x, self.weight, self.bias)
        dense: Tensor = functional.linear(x.to_mkldnn(), self.weight, self.bias).to_dense()
        return dense


def _onednn_takes(x: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and x.dim() == 2
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and not torch.is_autocast_enabled("cpu")  # to bf16, which always goes through oneDNN
        and not torch.compiler.is_compiling()
    )


class LocalResponseNorm(nn.Module):
    """Every value divided by (k + alpha / size * s) ** 0.75, where s sums the squares of the `size`
    channels around its own at the same pixel.

    The same as `nn.LocalResponseNorm` with beta = 0.75, computed as a 1x1 convolution with a band
    of equal weights in a third of the time.
    """

    band: Tensor

    def __init__(self, channels: int, size: int, alpha: float, k: float) -> None:
        super().__init__()
        self.k = k
        places = torch.arange(channels)
        near = (places[:, None] - places[None, :]).abs() <= size // 2
        band = near.float()[:, :, None, None] * (alpha / size)
        self.register_buffer("band", band, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        root = (functional.conv2d(x.square(), self.band).float() + self.k).rsqrt()
        return x * (root * root.sqrt()).to(x.dtype)


def conv_unit(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, batch_norm: bool
) -> nn.Sequential:
    """Convolution with "same" padding, then batch norm (or a bias), then ReLU."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=not batch_norm)
    norm = [ShiftBatchNorm2d(outputs)] if batch_norm else []
    return nn.Sequential(conv, *norm, nn.ReLU(inplace=True))


class Dropout(nn.Module):
    """Inverted dropout with its own random generator.

    ``functional.dropout`` draws from the process-wide generator, which trials in one worker would
    share.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0.0:
            return x
        keep = 1.0 - self.probability
        mask = torch.empty_like(x).bernoulli_(keep, generator=self.generator)
        return x * mask / keep


def initialize(model: nn.Module, generator: torch.Generator) -> None:
    """Glorot-uniform weights and zero biases, drawn in the order of the modules.

    The paper does not state its initialization; this is the default of the TensorFlow layers
    of its time. `generator` is on the CPU, so that weights are the same on every device.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def max_pool_half(x: Tensor) -> Tensor:
    """3x3 max pooling with stride 2 and "same" padding: a side of s becomes ceil(s / 2)."""
    return functional.max_pool2d(x, 3, stride=2, padding=1)
