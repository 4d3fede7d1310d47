"""The device that trials run on, and the number formats of its matrix work."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager, nullcontext

import torch

from gensweep.trainables.errors import TrialError


def pick_device(name: str) -> torch.device:
    """`auto` is the first of cuda, mps and cpu that is there."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, there in available.items() if there)
    if not available.get(name, False):
        there = ", ".join(kind for kind, yes in available.items() if yes)
        raise TrialError("device", f"{name} is not available here", f"available: {there}")
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """Such as `cpu (x86_64)` or `NVIDIA H200`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} ({platform.machine()})"


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
