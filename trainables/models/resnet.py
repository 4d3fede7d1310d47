"""ResNet-18 for small images, the first model beyond the paper."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.models import Shape


def _norm(channels: int, batch_norm: bool) -> nn.Module:
    return nn.BatchNorm2d(channels) if batch_norm else nn.Identity()


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
