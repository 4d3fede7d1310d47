"""One trial on several processes is the trial on one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from gensweep.trainables.classifier.checkpoint import deserialize
from gensweep.trainables.classifier.run import run
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import BUILT_IN, DATASETS, register
from gensweep.trainables.datasets.image_folder import ImageFolder
from gensweep.trainables.datasets.packing import pack
from gensweep.trainables.errors import RankLostError
from gensweep.trainables.ranks import Order, Ranks, joined
from gensweep.trainables.records import Checkpoint, Ended, Epoch, Measures, Record, Started, Steps

CPU = torch.device("cpu")
VIEW = 8
SETTINGS: dict[str, Any] = {"dataset": "synthetic", "epochs": 2, "batch_size": 60, "log_every": 3}
# By what they add: the largest difference of a loss, as a part of it, from that of one process.
CASES: dict[str, tuple[dict[str, Any], float]] = {
    "a perceptron": ({"model": "mlp_1x512"}, 1e-5),
    "augmented": ({"model": "mlp_1x512", "crop": True, "flip": True, "rotation": 25}, 1e-5),
    "momentum and decay": ({"model": "mlp_1x512", "weight_decay": 1e-3, "lr_decay": 0.5}, 1e-5),
    "rmsprop": ({"model": "mlp_1x512", "optimizer": "rmsprop", "epsilon": 1.0}, 1e-5),
    "warm-up, smoothing": (
        {"model": "mlp_1x512", "warmup_epochs": 1, "label_smoothing": 0.1},
        1e-5,
    ),
    "no batch norm": ({"model": "inception", "batch_norm": False, "lr": 0.001}, 1e-4),
    "synchronized": ({"model": "inception", "sync_batch_norm": True, "lr": 1e-4}, 1e-3),
    "an example for two": ({"model": "mlp_1x512", "batch_size": 511, "flip": True}, 1e-5),
    "an empty share": (
        {"model": "inception", "sync_batch_norm": True, "batch_size": 511, "lr": 1e-5},
        1e-3,
    ),
    "random labels": ({"model": "mlp_1x512", "randomization": "random_labels"}, 1e-5),
}


FOLLOW = """
import json, signal, sys
from pathlib import Path
import torch
from torch.distributed import TCPStore
from gensweep.trainables.classifier.engines.ranked import Follower
from gensweep.trainables.context import Context
from gensweep.trainables.datasets import Source, register
from gensweep.trainables.ranks import Order, Ranks, joined
port, rank, world, data, micro_batch, sources = json.loads(sys.argv[1])
signal.signal(signal.SIGINT, signal.SIG_IGN)
register({name: Source(**about) for name, about in sources.items()})
with joined(Ranks(rank, world), TCPStore("127.0.0.1", port), torch.device("cpu")) as ranks:
    Follower(ranks, Context(Path(data), device="cpu", threads=1, micro_batch=micro_batch)).run()
"""


@contextmanager
def company(
    world: int, data: Path, micro_batch: int = 0
) -> Iterator[tuple[Context, list[subprocess.Popen[bytes]]]]:
    """A context for the first rank, and the processes of the others."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    sources = {name: asdict(DATASETS[name]) for name in DATASETS.keys() - BUILT_IN}
    others = []
    for rank in range(1, world):
        settings = json.dumps([store.port, rank, world, str(data), micro_batch, sources])
        others.append(subprocess.Popen([sys.executable, "-c", FOLLOW, settings]))
    try:
        with joined(Ranks(0, world), store, CPU) as ranks:
            yield (
                Context(data, device="cpu", threads=1, micro_batch=micro_batch, ranks=ranks),
                others,
            )
            if all(process.poll() is None for process in others):
                ranks.say(Order.LEAVE)
        for process in others:
            process.wait(30)
    finally:
        for process in others:
            process.kill()
            process.wait()


def losses(records: list[Record]) -> list[float]:
    return [r.train_loss for r in records if isinstance(r, Steps | Epoch)]


def trained(trial: ClassifierTrial, context: Context) -> list[Record]:
    return [record for _, record in run([trial], context)]


@given(st.integers(1, 9), st.integers(0, 50))
def test_shares_are_all_of_a_batch_and_differ_by_one_at_most(world: int, count: int) -> None:
    shares = [[*range(count)][Ranks(rank, world).share(count)] for rank in range(world)]
    assert [place for share in shares for place in share] == [*range(count)]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(1, 5), st.integers(0, 60), st.integers(1, 9))
def test_turns_are_all_of_a_split_and_as_many_for_every_rank(
    world: int, count: int, size: int
) -> None:
    turns = [list(Ranks(rank, world).in_turn(count, size)) for rank in range(world)]
    assert len(set(map(len, turns))) == 1
    places = [place for turn in turns for part in turn for place in [*range(count)][part]]
    assert sorted(places) == [*range(count)]


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_compute_the_losses_of_one_process(world: int, data_dir: Path) -> None:
    with company(world, data_dir) as (context, _):
        for name, (settings, tolerance) in CASES.items():
            trial = ClassifierTrial(**{**SETTINGS, **settings})
            alone = trained(trial, Context(data_dir, device="cpu", threads=1))
            together = trained(trial, context)
            assert losses(together) == pytest.approx(losses(alone), rel=tolerance), name
            for one, other in zip(alone, together, strict=True):
                assert type(one) is type(other)
                if isinstance(one, Epoch):
                    assert isinstance(other, Epoch)
                    assert one.test_loss == pytest.approx(other.test_loss, rel=10 * tolerance), name
                if isinstance(one, Measures):
                    assert asdict(one) == pytest.approx(asdict(other), rel=0.01, abs=0.01), name
                if isinstance(one, Started):
                    assert isinstance(other, Started)
                    assert other.device == f"{world} x {one.device}"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder, rng = tmp_path_factory.mktemp("ranks"), np.random.default_rng(0)
    for split, count in (("train", 30), ("val", 14)):
        for n in range(count):
            path = folder / "raw" / split / f"kind{n % 6}" / f"{n}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(256, size=(15, 12, 3), dtype=np.uint8)).save(path)
    images = ImageFolder(folder / "raw")
    register({"pictures": images.source(VIEW)})
    pack(images.pictures("pictures", VIEW), folder, lambda words: None)
    yield folder
    del DATASETS["pictures"]


STREAMED = {**SETTINGS, "dataset": "pictures", "batch_size": 8, "model": "mlp_1x512"}


def test_images_are_distorted_alike_on_however_many_ranks(pictures: Path) -> None:
    trial = ClassifierTrial(**STREAMED, crop=True, flip=True, color=True, rotation=20)
    alone = trained(trial, Context(pictures, device="cpu", threads=1))
    for world in (2, 4):
        with company(world, pictures) as (context, _):
            assert losses(trained(trial, context)) == pytest.approx(losses(alone), rel=1e-5)


@pytest.mark.parametrize("world", [1, 2])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(world: int, data_dir: Path) -> None:
    trial = ClassifierTrial(**SETTINGS, model="mlp_1x512", crop=True)
    alone = losses(trained(trial, Context(data_dir, device="cpu", threads=1)))
    if world == 1:
        context = Context(data_dir, device="cpu", threads=1, micro_batch=7)
        assert losses(trained(trial, context)) == pytest.approx(alone, rel=1e-5)
        return
    with company(world, data_dir, micro_batch=7) as (context, _):
        assert losses(trained(trial, context)) == pytest.approx(alone, rel=1e-5)


def comparable(records: list[Record]) -> list[Any]:
    kept = [asdict(record) for record in records if isinstance(record, Epoch | Steps)]
    return [{name: v for name, v in record.items() if name != "seconds"} for record in kept]


def interrupted(trial: ClassifierTrial, context: Context, after: int) -> bytes:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    settings = {**vars(context), "should_stop": stop}
    found = trained(trial, Context(**settings))
    assert isinstance(found[-1], Ended)
    assert found[-1].status == "interrupted"
    (content,) = [record.content for record in found if isinstance(record, Checkpoint)]
    return content


@pytest.mark.parametrize("after", [0, 1, 2, 5, 9, 12, 14])
def test_ranks_that_stop_go_on_to_the_same_rows(after: int, data_dir: Path) -> None:
    settings = {"crop": True, "dropout": 0.3, "batch_norm": True, "batch_size": 100}
    trial = ClassifierTrial(**{**SETTINGS, **settings}, model="inception")
    with company(2, data_dir) as (context, _):
        whole = trained(trial, context)
        content = interrupted(trial, context, after)
        saved = Context(**{**vars(context), "saved": lambda trial_id: content})
        assert comparable(trained(trial, saved)) == comparable(whole)


def test_what_two_ranks_saved_goes_on_with_one_or_three(data_dir: Path) -> None:
    trial = ClassifierTrial(**SETTINGS, model="mlp_1x512", flip=True)
    alone = trained(trial, Context(data_dir, device="cpu", threads=1))
    with company(2, data_dir) as (context, _):
        content = interrupted(trial, context, 4)
    assert deserialize(content, trial).records
    one = Context(data_dir, device="cpu", threads=1, saved=lambda trial_id: content)
    assert losses(trained(trial, one)) == pytest.approx(losses(alone), rel=1e-5)
    with company(3, data_dir) as (context, _):
        three = Context(**{**vars(context), "saved": lambda trial_id: content})
        assert losses(trained(trial, three)) == pytest.approx(losses(alone), rel=1e-5)


def test_checkpoints_on_the_way_and_divergence_keep_the_ranks_together(data_dir: Path) -> None:
    trial = ClassifierTrial(**SETTINGS, model="mlp_1x512")
    wild = ClassifierTrial(**SETTINGS, model="mlp_1x512", lr=1e30, momentum=0.0)
    with company(2, data_dir) as (context, _):
        often = Context(**{**vars(context), "checkpoint_seconds": 0.0})
        found = trained(trial, often)
        assert len([record for record in found if isinstance(record, Checkpoint)]) > 2
        ended = trained(wild, context)[-1]
        assert isinstance(ended, Ended)
        assert ended.status == "diverged"
        dropped = run([trial], context)
        next(dropped)
        next(dropped)
        dropped.close()  # type: ignore[attr-defined]
        assert comparable(trained(trial, context)) == comparable(found)


def test_a_lost_rank_is_an_error_and_no_silence(data_dir: Path) -> None:
    trial = ClassifierTrial(**{**SETTINGS, "epochs": 1000}, model="mlp_1x512")
    with company(3, data_dir) as (context, others):
        records = run([trial], context)
        next(records)
        next(records)
        others[0].kill()
        others[0].wait()
        with pytest.raises(RankLostError):
            list(records)
    assert others[1].returncode not in (0, -signal.SIGKILL)  # it has lost one, too
