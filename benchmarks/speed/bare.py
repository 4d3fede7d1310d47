"""A hand-written loop: data on the device, no metrics, no rows."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

import torch
from speed.job import Job, Lap
from speed.plain import plain_model
from torch import nn
from torch.nn import functional

from gensweep.trainables.classifier.data import Split, load_trial_data
from gensweep.trainables.classifier.trial import ClassifierTrial
from gensweep.trainables.device import set_precision
from gensweep.trainables.models.layers import initialize


def laps(job: Job) -> Generator[Lap]:
    trial, device = job.trial(), torch.device(job.device)
    data = load_trial_data(trial, job.data_dir, device)
    model = plain_model(trial.model).to(device)
    for seconds in epochs(trial, model, data.train):
        yield Lap(1, seconds)


def epochs(trial: ClassifierTrial, model: nn.Module, train: Split) -> Iterator[float]:
    """Initialize the model as the project does, train it, and yield the seconds of each epoch."""
    initialize(model, torch.Generator().manual_seed(trial.seed))
    draw = torch.Generator(train.inputs.device).manual_seed(trial.seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=trial.lr, momentum=trial.momentum)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, trial.lr_decay)
    inputs, labels = train.inputs, train.labels
    for _ in range(trial.epochs):
        set_precision(trial.precision)
        start = time.perf_counter()
        order = torch.randperm(len(labels), generator=draw, device=inputs.device)
        for batch in torch.split(order, trial.batch_size):
            loss = functional.cross_entropy(model(inputs[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        loss.item()
        yield time.perf_counter() - start
        schedule.step()
