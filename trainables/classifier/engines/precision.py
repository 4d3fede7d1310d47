"""The number formats of matrix products and convolutions."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """bf16 matrix work with float32 weights, if the precision is bf16."""
    if precision == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def set_precision(precision: str) -> None:
    """Let CUDA's float32 matrix work round its inputs to TensorFloat-32, or forbid it."""
    allow = "tf32" if precision == "tf32" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = allow
    torch.backends.cudnn.conv.fp32_precision = allow  # type: ignore[attr-defined]
