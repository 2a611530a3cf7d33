"""Searches without Ray, driven as Ray would drive them: any number of workers, any order of arrival, and crashes."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from packtune.dispatch.dispatcher import Dispatcher
from packtune.dispatch.task_maker import exploration
from packtune.models.hardware.device import Device
from packtune.proposals.given import NOTHING
from packtune.proposals.packing import pack_capacity
from packtune.study.records import explored_seeds
from packtune.study.storage import open_storage
from packtune.study.study import create_study, load_study


class Crash(Exception):
    """The driver is gone."""


def drive(dispatcher, train, *, workers, chance, steps):
    """Train packs, so many at once, finished in any order; crash after so many steps."""
    running = []
    while True:
        while len(running) < workers and (task := dispatcher.next_pack()) is not None:
            running.append(task)
            steps = count_down(steps)
        if not running:
            assert dispatcher.finished, "a pack can neither be started nor is one running"
            return
        task = running.pop(chance.randrange(len(running)))
        dispatcher.receive(task.pack, train(task))
        steps = count_down(steps)


def count_down(steps):
    if steps == 0:
        raise Crash
    return None if steps is None else steps - 1


@pytest.fixture(scope="session")
def records_of(train):
    """Give a function that searches to the end, through crashes, and gives the records."""

    def search(plan, space, folder, *, given=NOTHING, workers=1, chance=None, crashes=(), train=train):
        opening, seed_of = create_study, explored_seeds(space, plan, given)
        for steps in (*crashes, None):
            with open_storage(Path(folder) / "study.journal", None) as storage:
                study = opening(storage, "test", space, plan, seed_of=seed_of)
                opening = load_study
                capacity = partial(pack_capacity, device=Device.CPU)
                stage = exploration(study.space, plan, device=Device.CPU, capacity=capacity, given=given)
                try:
                    dispatcher = Dispatcher(study, plan, stage=stage)
                    drive(dispatcher, train, workers=workers, chance=chance or random.Random(0), steps=steps)
                except Crash:
                    continue
                study.requeue()
                return study.records()
        raise AssertionError

    return search
