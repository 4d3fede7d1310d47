"""Lower bounds of what training computes and moves, and this device's best speed at either."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from gensweep.trainables.models import build_model

_TYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}
_TRIES = 30


@dataclass(frozen=True)
class Work:
    """One model's parameters and, for one image, the multiply-accumulates of the forward pass and
    of training, its values, and the outputs of its convolutions and linear layers.
    """

    parameters: int
    forward: int
    training: int
    inputs: int
    outputs: int

    def bytes_per_step(self, batch: int, precision: str) -> int:
        """Weights, momentum and gradients (float32) are read and written once each; images are
        read once; outputs are written once, and read once for the gradients."""
        width = _TYPES[precision].itemsize
        return 24 * self.parameters + width * batch * (self.inputs + 2 * self.outputs)


def work_of(model: str, shape: tuple[int, int, int] = (3, 28, 28), classes: int = 10) -> Work:
    """Counted in the convolutions and linear layers alone.

    Training is the forward pass, the gradient of the weights and that of the inputs, which the
    first layer does not need. Multiplications with padding are counted.
    """
    network, image = build_model(model, shape, classes), torch.zeros(2, *shape)
    forward, training, outputs = [], [], []

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        per_output = module.weight[0].numel()  # type: ignore[index]
        macs = output[0].numel() * per_output
        forward.append(macs)
        training.append(macs * (3 if inputs[0].requires_grad else 2))
        outputs.append(output[0].numel())

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    network(image)
    parameters = sum(p.numel() for p in network.parameters())
    return Work(parameters, sum(forward), sum(training), image[0].numel(), sum(outputs))


@dataclass(frozen=True)
class Ceilings:
    """Floating-point operations per second of a large matrix product, by precision; and bytes per
    second, read or written, of a large copy. The best of several tries."""

    flops: dict[str, float]
    bytes: float

    def arithmetic(self, work: Work, precision: str) -> float:
        """Images per second if only the multiply-accumulates took time."""
        return self.flops[precision] / (2 * work.training)

    def bandwidth(self, work: Work, precision: str, batch: int) -> float:
        """Images per second if only reading and writing main memory took time."""
        return self.bytes * batch / work.bytes_per_step(batch, precision)


def ceilings(device: torch.device) -> Ceilings:
    side, numbers = (1024, 2**25) if device.type == "cpu" else (8192, 2**28)
    source = torch.zeros(numbers, device=device)
    target = torch.zeros_like(source)
    copied = _shortest(lambda: target.copy_(source), device)
    precisions = ("fp32", "bf16", "tf32") if device.type == "cuda" else ("fp32", "bf16")
    flops = {}
    for precision in precisions:
        torch.backends.cuda.matmul.fp32_precision = "tf32" if precision == "tf32" else "ieee"
        a = torch.randn(side, side, device=device).to(_TYPES[precision])
        flops[precision] = 2 * side**3 / min(_shortest(way, device) for way in _products(a))
    return Ceilings(flops, 2 * source.nbytes / copied)


def _products(a: Tensor) -> list[Callable[[], Tensor]]:
    """Implementations of a matrix product. On some CPUs oneDNN, which convolutions use, is more
    than twice as fast as the library that float32 products use.
    """
    ways = [lambda: a @ a]
    if a.device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        blocked = a.to_mkldnn()
        ways.append(lambda: functional.linear(blocked, a))
    return ways


def _shortest(act: Callable[[], Tensor], device: torch.device) -> float:
    """Seconds of the fastest of several tries, without the first two."""
    taken = []
    for _ in range(_TRIES + 2):
        start = time.perf_counter()
        act()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - start)
    return min(taken[2:])
