from __future__ import annotations

import zlib

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensweep.trainables.seeds import generator, torch_seed

STREAMS = [
    *("initialization", "order", "augmentation", "dropout"),
    *("label-corruption", "label-replacement", "shuffled-pixels"),
    *("random-pixels-train", "random-pixels-test", "gaussian-train", "gaussian-test"),
]


def test_streams_never_change() -> None:
    assert generator(0, "order", 1).integers(1000, size=4).tolist() == [977, 503, 179, 124]
    assert generator(1, "label-corruption").integers(1000, size=4).tolist() == [623, 614, 235, 330]
    assert torch_seed(0, "initialization") == 5185880156303343005
    assert torch_seed(7, "dropout", 12) == 7821585102141871092


@given(st.integers(0, 2**40), st.sampled_from(STREAMS), st.integers(1, 10_000))
def test_a_stream_is_philox_seeded_with_seed_name_and_position(
    seed: int, stream: str, epoch: int
) -> None:
    sequence = np.random.SeedSequence([seed, zlib.crc32(stream.encode()), epoch])
    reference = np.random.Generator(np.random.Philox(sequence))
    assert np.array_equal(generator(seed, stream, epoch).random(8), reference.random(8))


@given(st.integers(0, 2**40), st.sampled_from(STREAMS), st.integers(1, 10_000))
def test_a_torch_seed_is_one_that_torch_takes(seed: int, stream: str, epoch: int) -> None:
    value = torch_seed(seed, stream, epoch)
    assert 0 <= value < 2**63
    assert torch.Generator().manual_seed(value).initial_seed() == value


def test_no_two_streams_are_alike() -> None:
    positions = [(), *((epoch,) for epoch in range(1, 51))]
    addresses = [(s, name, *at) for s in range(10) for name in STREAMS for at in positions]
    assert len({torch_seed(*address) for address in addresses}) == len(addresses)
    assert len({generator(*address).random() for address in addresses}) == len(addresses)


def test_streams_do_not_disturb_each_other() -> None:
    alone = generator(3, "order", 1).random(5)
    one, other = generator(3, "order", 1), generator(3, "dropout", 1)
    mixed = []
    for _ in range(5):
        mixed.append(one.random())
        other.random(100)
    assert np.array_equal(mixed, alone)


def test_global_seeds_do_not_matter_and_are_not_touched() -> None:
    before = generator(3, "order", 1).random(5)
    np.random.seed(123)
    torch.manual_seed(123)
    global_states = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert np.array_equal(generator(3, "order", 1).random(5), before)
    torch_seed(3, "order", 1)
    assert (np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == global_states
