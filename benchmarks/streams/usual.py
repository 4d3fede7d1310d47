"""What most programs do: ImageFolder, PIL transforms, and a DataLoader of worker processes."""

from __future__ import annotations

from pathlib import Path

from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder


def usual_loader(folder: Path, side: int, batch: int, workers: int, count: int) -> DataLoader:
    """Batches of count images, which are those of the folder again and again."""
    change = transforms.Compose(
        [
            transforms.RandomResizedCrop(side, scale=(0.05, 1.0), ratio=(3 / 4, 4 / 3)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(32 / 255, 0.5, 0.5, 0.2),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    images = ImageFolder(folder, change)
    repeated: Dataset = Subset(images, [i % len(images) for i in range(count)])
    return DataLoader(repeated, batch, num_workers=workers, persistent_workers=True)
