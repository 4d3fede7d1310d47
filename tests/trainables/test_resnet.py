from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from gensweep.trainables.models.resnet import BasicBlock, ResNet18


@pytest.mark.parametrize(("outputs", "stride"), [(4, 1), (6, 2)])
def test_a_block_adds_its_shortcut_before_the_last_relu(outputs: int, stride: int) -> None:
    block, x = BasicBlock(4, outputs, stride, batch_norm=False), torch.randn(2, 4, 8, 8)
    first, second, *projection = (m for m in block.modules() if isinstance(m, nn.Conv2d))
    y = functional.conv2d(x, first.weight, first.bias, stride, padding=1).clamp_min(0)
    y = functional.conv2d(y, second.weight, second.bias, padding=1)
    shortcut = x
    for conv in projection:  # where the shape changes
        shortcut = functional.conv2d(x, conv.weight, conv.bias, stride)
    torch.testing.assert_close(block(x), (y + shortcut).clamp_min(0))
    assert len(projection) == (stride == 2)


def test_resnet18_has_four_stages_of_two_blocks_and_no_pooling_in_its_stem() -> None:
    model = ResNet18((3, 32, 32), 10).eval()
    shapes: list[tuple[int, ...]] = []
    for module in model.modules():
        if isinstance(module, BasicBlock):
            module.register_forward_hook(lambda _m, _x, y: shapes.append(tuple(y.shape[1:])))
    model(torch.zeros(1, 3, 32, 32))
    stages = [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4)]
    assert shapes == [stage for stage in stages for _ in range(2)]


def test_resnet18_has_eighteen_layers_with_weights_and_batch_norm_after_each_convolution() -> None:
    model = ResNet18((3, 32, 32), 10)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    projections = [m for m in convolutions if m.kernel_size == (1, 1)]
    assert len(convolutions) - len(projections) + 1 == 18
    assert [norm.num_features for norm in norms] == [conv.out_channels for conv in convolutions]
