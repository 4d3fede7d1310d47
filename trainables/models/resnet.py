"""Residual networks: ResNet-18 for small images, ResNet-50 for those of ImageNet."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.models import Shape
from gensweep.trainables.models.layers import BatchNorm2d, max_pool_half


def _norm(channels: int, batch_norm: bool) -> nn.Module:
    return BatchNorm2d(channels) if batch_norm else nn.Identity()


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al. 2016, figure 5 left)."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, batch_norm: bool) -> None:
        super().__init__()
        bias = not batch_norm
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=bias)
        self.norm1 = _norm(outputs, batch_norm)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=bias)
        self.norm2 = _norm(outputs, batch_norm)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=bias), _norm(outputs, batch_norm)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    """The CIFAR variant of ResNet-18: a 3x3 stem without pooling, stages of 64, 128, 256 and
    512 channels. 11,173,962 parameters on three input channels and ten classes.
    """

    def __init__(self, shape: Shape, classes: int, *, batch_norm: bool = True) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(shape[0], 64, 3, padding=1, bias=not batch_norm),
            _norm(64, batch_norm),
            nn.ReLU(inplace=True),
        )
        blocks: list[nn.Module] = []
        inputs = 64
        for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            blocks.append(BasicBlock(inputs, outputs, stride, batch_norm=batch_norm))
            blocks.append(BasicBlock(outputs, outputs, 1, batch_norm=batch_norm))
            inputs = outputs
        self.stages = nn.Sequential(*blocks)
        self.linear = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.stages(self.stem(x)).mean(dim=(2, 3)))
        return logits


class Bottleneck(nn.Module):
    """A 3x3 convolution of few channels between two 1x1, around a shortcut (figure 5 right).

    The 3x3 has the stride, as in torchvision; in the paper the first 1x1 has it.
    """

    def __init__(self, inputs: int, narrow: int, stride: int, *, batch_norm: bool) -> None:
        super().__init__()
        bias, outputs = not batch_norm, 4 * narrow
        self.conv1 = nn.Conv2d(inputs, narrow, 1, bias=bias)
        self.norm1 = _norm(narrow, batch_norm)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride, padding=1, bias=bias)
        self.norm2 = _norm(narrow, batch_norm)
        self.conv3 = nn.Conv2d(narrow, outputs, 1, bias=bias)
        self.norm3 = _norm(outputs, batch_norm)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=bias), _norm(outputs, batch_norm)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        y = functional.relu(self.norm2(self.conv2(y)), inplace=True)
        return functional.relu(self.norm3(self.conv3(y)) + self.shortcut(x), inplace=True)


class ResNet50(nn.Module):
    """ResNet-50 (He et al. 2016) as torchvision has it: a stem that takes a quarter of the side,
    stages of 3, 4, 6 and 3 blocks. 25,557,032 parameters on three input channels and a thousand
    classes. Images may be of any size; the last stage sees a 32nd of their side, rounded up.
    """

    def __init__(self, shape: Shape, classes: int, *, batch_norm: bool = True) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(shape[0], 64, 7, stride=2, padding=3, bias=not batch_norm),
            _norm(64, batch_norm),
            nn.ReLU(inplace=True),
        )
        blocks: list[nn.Module] = []
        inputs = 64
        for narrow, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for place in range(count):
                first = stride if place == 0 else 1
                blocks.append(Bottleneck(inputs, narrow, first, batch_norm=batch_norm))
                inputs = 4 * narrow
        self.stages = nn.Sequential(*blocks)
        self.linear = nn.Linear(2048, classes)

    def forward(self, x: Tensor) -> Tensor:
        features = self.stages(max_pool_half(self.stem(x)))
        logits: Tensor = self.linear(features.mean(dim=(2, 3)))
        return logits
