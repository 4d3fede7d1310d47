"""Images in Parquet files, as Hugging Face has them: a struct with `bytes`, and a label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gensweep.trainables.datasets import DATASETS
from gensweep.trainables.datasets.imagenet import official_name, pictures
from gensweep.trainables.datasets.pictures import Picture, Pictures

_ROWS = 50  # read at a time: a small file can hold large rows


def parquet_rows(files: Sequence[pq.ParquetFile]) -> Iterator[tuple[list[Any], list[Any]]]:
    """Images and labels, some rows at a time. Raises ValueError where the columns are not there."""
    for file in files:
        column = "img" if "img" in file.schema_arrow.names else "image"
        if column not in file.schema_arrow.names or "label" not in file.schema_arrow.names:
            raise ValueError("there are no columns `img` or `image`, and `label`")
        for batch in file.iter_batches(batch_size=_ROWS, columns=[column, "label"]):
            yield batch.column(column).to_pylist(), batch.column("label").to_pylist()


def encoded(cell: Any) -> bytes:
    """The file of an image. Raises ValueError."""
    content = cell.get("bytes") if isinstance(cell, dict) else None
    if not isinstance(content, bytes):
        raise ValueError("an image has no bytes")
    return content


def parquet_pictures(train: Sequence[Path], test: Sequence[Path]) -> Pictures:
    """ImageNet. Its labels are the order of the WordNet ids, which the training images' names
    begin with.
    """
    sizes = [path.stat().st_size for path in (*train, *test)]
    wnids: dict[int, str] = {}
    return pictures(
        _train(train, wnids), _test(test, wnids), sum(sizes), f"Parquet of {tuple(sizes)}"
    )


def _train(files: Sequence[Path], wnids: dict[int, str]) -> Iterator[Picture]:
    for label, name, content in _labelled(files):
        kind = re.match(r"n\d{8}(?=_)", name)
        if not kind:
            raise ValueError(f"{name[:100]} is not named as ImageNet's training images")
        if wnids.setdefault(label, kind[0]) != kind[0]:
            raise ValueError(f"label {label} is of {wnids[label]} and of {kind[0]}")
        yield Picture(kind[0], name, content)


def _test(files: Sequence[Path], wnids: dict[int, str]) -> Iterator[Picture]:
    for label, name, content in _labelled(files):
        yield Picture(wnids.get(label, f"label {label}"), name, content)


def _labelled(files: Sequence[Path]) -> Iterator[tuple[int, str, bytes]]:
    classes = DATASETS["imagenet"].classes
    for cells, labels in parquet_rows([pq.ParquetFile(file) for file in files]):
        for cell, label in zip(cells, labels, strict=True):
            if type(label) is not int or not 0 <= label < classes:
                raise ValueError(f"label {label} is none of {classes} classes")
            content = encoded(cell)
            if not isinstance(path := cell.get("path"), str):
                raise ValueError("an image has no path")
            yield label, official_name(path), content
