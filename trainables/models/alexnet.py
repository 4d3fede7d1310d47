"""The paper's small AlexNet."""

from __future__ import annotations

from torch import Tensor, nn

from gensweep.trainables.models import Shape
from gensweep.trainables.models.layers import (
    Dropout,
    Linear,
    LocalResponseNorm,
    conv_unit,
    max_pool_half,
)


class AlexNet(nn.Module):
    """Two modules of 5x5 convolution, max pooling and local response normalization, then
    384-192-classes (paper, appendix A). 1,387,786 parameters on 3x28x28 and ten classes.

    The normalization's constants are those of TensorFlow's CIFAR-10 tutorial: a radius of 4,
    bias 1, alpha 0.001/9 and beta 0.75. PyTorch divides alpha by the size, TensorFlow does not.
    """

    def __init__(self, shape: Shape, classes: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        channels, height, width = shape
        self.conv1 = conv_unit(channels, 64, 5, batch_norm=False)
        self.conv2 = conv_unit(64, 64, 5, batch_norm=False)
        self.normalize = LocalResponseNorm(64, size=9, alpha=0.001, k=1.0)
        features = 64 * _quarter(height) * _quarter(width)
        self.head = nn.Sequential(
            Linear(features, 384),
            nn.ReLU(inplace=True),
            Dropout(dropout),
            Linear(384, 192),
            nn.ReLU(inplace=True),
            Dropout(dropout),
            Linear(192, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        for conv in (self.conv1, self.conv2):
            x = self.normalize(max_pool_half(conv(x)))
        logits: Tensor = self.head(x.flatten(1))
        return logits


def _quarter(side: int) -> int:
    """A side's length after two poolings with stride 2."""
    return -(-side // 4)
