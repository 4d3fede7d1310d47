"""The loop of the public reproductions: PIL images, torchvision's transforms, a DataLoader."""

from __future__ import annotations

import time
from collections.abc import Generator

import numpy as np
import torch
from PIL import Image
from speed.job import BATCH, LR, MOMENTUM, Job, Lap
from speed.plain import plain_model
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from gensweep.trainables.datasets import load

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


class Images(Dataset[tuple[Tensor, int]]):
    """What `torchvision.datasets.CIFAR10` does with an item, over arrays in memory."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = np.array(images), labels.tolist()
        self.transform = transforms.Compose(
            [transforms.CenterCrop(28), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), self.labels[index]


def laps(job: Job, *, loaders: int) -> Generator[Lap]:
    """With `loaders` persistent worker processes that load images."""
    arrays, device = load("cifar10", job.data_dir), torch.device(job.device)
    loader = DataLoader(
        Images(arrays.train_images, arrays.train_labels),
        batch_size=BATCH,
        shuffle=True,
        num_workers=loaders,
        persistent_workers=loaders > 0,
        pin_memory=device.type == "cuda",
    )
    model = plain_model(job.model).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    while True:
        _pytorch_defaults()
        start, running_loss = time.perf_counter(), 0.0
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
        yield Lap(1, time.perf_counter() - start)


def _pytorch_defaults() -> None:
    """On CUDA, convolutions in TensorFloat-32 and matrix products in float32."""
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "tf32"  # type: ignore[attr-defined]
