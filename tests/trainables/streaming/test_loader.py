from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gensweep.trainables.classifier.streaming.distortion import Distortion
from gensweep.trainables.classifier.streaming.loader import AHEAD, Loader, resized
from gensweep.trainables.classifier.streaming.windows import Window, central
from gensweep.trainables.errors import DataError

CPU = torch.device("cpu")
SIDE = 17
ALL = Distortion(1, 2, crop=True, flip=True, color=True, rotation=15.0)


class Files:
    """A split of these files, which counts what is read of it."""

    def __init__(self, files: list[bytes], count: int = 60) -> None:
        self.files, self.count, self.reads = files, count, 0

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> bytes:
        self.reads += 1
        return self.files[index % len(self.files)]


def loaded(
    split: Files, batches: list[list[int]], distortion: Distortion | None, threads: int = 2
) -> list[Tensor]:
    with closing(Loader(split, SIDE, threads, CPU)) as loader:
        return list(loader.batches((np.array(b, np.int64) for b in batches), distortion))


def loaders_threads() -> int:
    return sum(thread.name.startswith("loader") for thread in threading.enumerate())


@pytest.fixture(scope="module")
def split(photos: list[bytes]) -> Files:
    return Files(photos)


@pytest.fixture(scope="module")
def each_alone(split: Files) -> dict[Distortion | None, list[Tensor]]:
    kinds = [None, Distortion(1, 2, crop=True, flip=True), ALL]
    alone = [[index] for index in range(len(split))]
    return {kind: loaded(split, alone, kind, threads=1) for kind in kinds}


@settings(max_examples=25, derandomize=True)
@given(
    st.lists(st.lists(st.integers(0, 59), max_size=9), max_size=5),
    st.sampled_from([1, 2, 5]),
    st.data(),
)
def test_an_example_does_not_depend_on_batches_or_threads(
    split: Files,
    each_alone: dict[Distortion | None, list[Tensor]],
    batches: list[list[int]],
    threads: int,
    data: st.DataObject,
) -> None:
    kind = data.draw(st.sampled_from(list(each_alone)))
    found = loaded(split, batches, kind, threads)
    assert [len(inputs) for inputs in found] == [len(batch) for batch in batches]
    for inputs, batch in zip(found, batches, strict=True):
        for one, index in zip(inputs, batch, strict=True):
            assert torch.equal(one, each_alone[kind][index][0])


def test_an_example_depends_on_seed_epoch_and_index(split: Files) -> None:
    same_file = len(split.files)
    first = loaded(split, [[0, same_file]], ALL)[0]
    assert not torch.equal(first[0], first[1])
    for other in (
        Distortion(2, 2, True, True, True, 15.0),
        Distortion(1, 3, True, True, True, 15.0),
    ):
        assert not torch.equal(loaded(split, [[0]], other)[0], first[:1])


def test_switching_a_distortion_on_leaves_the_others_as_they_were() -> None:
    whole = [ALL.draw(index, 375, 500) for index in range(20)]
    for index, (window, row) in enumerate(whole):
        cropped, same = Distortion(1, 2, crop=True, rotation=15.0).draw(index, 375, 500)
        assert cropped == window
        np.testing.assert_array_equal(same, row)


def test_random_numbers_never_change() -> None:
    window, row = ALL.draw(3, 375, 500)
    assert window == (15, 24, 306, 383)
    np.testing.assert_allclose(
        row,
        [1.0, 0.0, -0.0314486, 1.4525566, 0.1763173, 1.171509, 0.9974119, -0.071899],
        rtol=0,
        atol=1e-6,
    )


@pytest.mark.parametrize("window", [Window(0, 0, 30, 41), Window(3, 5, 9, 40), Window(7, 7, 1, 1)])
def test_resizing_is_bilinear_to_within_rounding(window: Window, reference: ModuleType) -> None:
    image = torch.randint(0, 256, (30, 45, 3), generator=torch.Generator().manual_seed(0))
    image = image.to(torch.uint8).permute(2, 0, 1)
    found = resized(image, window, SIDE)[0].double().numpy()
    expected = reference.resized(image.double().numpy(), window, SIDE)
    assert np.abs(found - expected).max() < 1.1


@pytest.mark.parametrize("distortion", [None, ALL], ids=["evaluation", "training"])
def test_inputs_are_those_of_the_slow_path(
    distortion: Distortion | None, split: Files, reference: ModuleType
) -> None:
    """To within the rounding of resized images, which colours double at the most here."""
    (found,) = loaded(split, [list(range(12))], distortion)
    for index, inputs in enumerate(found):
        image = reference.decoded(split.read(index))
        window, row = (distortion or Distortion(0, 0)).draw(index, *image.shape[1:])
        values = reference.resized(image, window, SIDE)
        expected = reference.finished(values, row, distortion or Distortion(0, 0))
        difference = np.abs(inputs.numpy() - expected)
        assert difference.max() < (12 if distortion else 1.1) * 2 / 255
        assert difference.mean() < 1.0 * 2 / 255


def test_evaluation_sees_the_central_window(split: Files) -> None:
    assert Distortion(0, 1, flip=True).draw(5, 375, 500)[0] == central(375, 500)
    evaluated, trained = (loaded(split, [[4]], kind)[0] for kind in (None, Distortion(0, 1)))
    assert torch.equal(evaluated, trained)


def test_inputs_are_in_range_and_channels_last_where_nothing_needs_planes(split: Files) -> None:
    for kind, last in ((None, True), (Distortion(0, 1, crop=True, flip=True), True), (ALL, False)):
        (inputs,) = loaded(split, [[1, 2, 3]], kind)
        assert inputs.dtype == torch.float32
        assert -1.0 <= inputs.min() < inputs.max() <= 1.0
        assert inputs.is_contiguous(memory_format=torch.channels_last) == last


def test_a_batch_stays_as_it_is_while_others_are_made(split: Files) -> None:
    with closing(Loader(split, SIDE, 2, CPU)) as loader:
        batches = [np.arange(i, i + 4) for i in range(0, 40, 4)]
        kept = [inputs[1:3] for inputs in loader.batches(batches)]
        copies = [inputs[1:3].clone() for inputs in loader.batches(batches)]
    assert all(map(torch.equal, kept, copies))


@pytest.mark.parametrize(
    ("bad", "message"),
    [(b"", "image 7: neither a JPEG nor a PNG"), (b"\xff\xd8\xff\xdb", "image 7: .*damaged")],
)
def test_an_image_that_cannot_be_decoded_is_named(
    bad: bytes, message: str, photos: list[bytes]
) -> None:
    split = Files([*photos, photos[0], bad])
    with closing(Loader(split, SIDE, 2, CPU)) as loader:
        batches = loader.batches(np.array([[0, 1], [2, 7], [3, 4]]))
        assert len(next(batches)) == 2
        with pytest.raises(DataError, match=message):
            list(batches)
        assert len(list(loader.batches([np.arange(3)]))) == 1


@pytest.mark.parametrize(
    ("error", "kind"), [(OSError("gone"), DataError), (KeyError("x"), RuntimeError)]
)
def test_an_image_that_cannot_be_read_is_named(
    error: Exception, kind: type[Exception], split: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(index: int) -> bytes:
        raise error

    monkeypatch.setattr(split, "read", read)
    with pytest.raises(kind, match="image 31: "):
        loaded(split, [[31]], None)


class Slow(Files):
    def read(self, index: int) -> bytes:
        time.sleep(0.01)
        return super().read(index)


@pytest.mark.parametrize("end", ["close", "drop"])
def test_an_iterator_that_is_dropped_stops_the_threads(end: str, photos: list[bytes]) -> None:
    split = Slow(photos)
    with closing(Loader(split, SIDE, 2, CPU)) as loader:
        batches = loader.batches(np.arange(5000).reshape(-1, 50), ALL)
        next(batches)
        if end == "close":
            batches.close()
        else:
            del batches
            gc.collect()
        reads = split.reads
        assert reads <= (AHEAD + 1) * 50
        time.sleep(0.1)
        assert split.reads == reads


def test_a_closed_loader_has_no_threads(photos: list[bytes]) -> None:
    before = loaders_threads()
    loader = Loader(Slow(photos), SIDE, 3, CPU)
    assert loaders_threads() == before + 3
    batches = loader.batches(np.arange(5000).reshape(-1, 50))
    next(batches)
    loader.close()
    assert loaders_threads() == before
    with pytest.raises(RuntimeError):
        list(batches)
    with pytest.raises(RuntimeError):
        next(loader.batches([np.arange(3)]))


def test_a_forgotten_loader_ends_its_threads(photos: list[bytes]) -> None:
    before = loaders_threads()
    batches = Loader(Files(photos), SIDE, 2, CPU).batches([np.arange(3)] * 50)
    next(batches)
    del batches
    gc.collect()
    for _ in range(100):
        if loaders_threads() == before:
            return
        time.sleep(0.02)
    raise AssertionError("threads are left")


def test_only_a_few_batches_are_made_ahead(photos: list[bytes]) -> None:
    asked = count()

    def indices() -> Iterator[np.ndarray]:
        while True:
            next(asked)
            yield np.arange(4)

    with closing(Loader(Files(photos), SIDE, 2, CPU)) as loader:
        batches = loader.batches(indices())
        for done in range(1, 6):
            next(batches)
            time.sleep(0.02)
            assert loader._split.reads <= 4 * (done + AHEAD)
        batches.close()
    assert next(asked) == 5 + AHEAD


def test_the_number_of_torchs_threads_is_left_alone(split: Files) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with closing(Loader(split, SIDE, 2, CPU)) as loader:
            assert torch.get_num_threads() == 2
            assert loader._pool.submit(torch.get_num_threads).result() == 1
            found: list[int] = []
            other = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
            other.start()
            other.join()
            assert found == [2]
    finally:
        torch.set_num_threads(before)
