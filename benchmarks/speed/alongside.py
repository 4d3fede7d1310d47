"""A variant in several processes at a time, as a sweep runs trials."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection

import torch
from speed.job import Job, Lap, Laps


def laps(job: Job, *, of: Laps, processes: int) -> Generator[Lap]:
    """The job's threads are divided among the processes; a lap lasts as long as that of the
    slowest.

    Raises what the variant raises.
    """
    alone = replace(job, threads=max(1, job.threads // processes))
    spawn = get_context("spawn")
    pipes = [spawn.Pipe() for _ in range(processes)]
    # Daemons end with this process in any case; they cannot have children.
    children = [
        spawn.Process(target=_work, args=(there, of, alone), daemon=True) for _, there in pipes
    ]
    for child, (_, there) in zip(children, pipes, strict=True):
        child.start()
        there.close()  # so that a child's death closes its pipe
    ends = [here for here, _ in pipes]
    try:
        while True:
            for end in ends:
                end.send("go")
            answers = [end.recv() for end in ends]
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
            yield _together(answers)
    finally:
        for end, child in zip(ends, children, strict=True):
            with suppress(OSError):
                end.send("stop")
            child.join()


def _together(laps: list[Lap]) -> Lap:
    evaluations = [lap.evaluation for lap in laps if lap.evaluation is not None]
    return Lap(
        trials=sum(lap.trials for lap in laps),
        training=max(lap.training for lap in laps),
        evaluation=max(evaluations) if evaluations else None,
    )


def _work(end: Connection, of: Laps, job: Job) -> None:
    torch.set_num_threads(job.threads)
    running = of(job)
    while end.recv() == "go":
        try:
            end.send(next(running))
        except Exception as error:
            end.send(error)
