"""Trains networks of a winner's configuration for an export, here and one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from packtune.confirmation.layout import FIRST_OF_REPORT
from packtune.data.dataset import Dataset, Split
from packtune.dispatch.pack_task import PackTask
from packtune.dispatch.task_maker import PackSeeds
from packtune.errors import SettingsError
from packtune.interface.exports.choice import Choice
from packtune.models.ensemble import MeanOfProbabilities
from packtune.models.hardware.precision import Precision
from packtune.models.model_file import TrainedModel, model_from_bytes
from packtune.report.live.progress import ProgressView
from packtune.report.winner import Winner
from packtune.run.confirming import seeds_of_repeat
from packtune.run.folder import Run
from packtune.run.model_keeper import read_kept_model
from packtune.trial import Pack, Proposal
from packtune.worker.pack_run import PackRun

FIRST_OF_RETRAINING = 2_000_000
"""The first repeat of a network that is retrained: no training of a search has a number as high."""
MEMBERS = 4
"""Networks of an ensemble, where the report had none or one."""
TOLD_EVERY_S = 5.0


def task_of(run: Run, winner: Winner, *, seed: int, seeds: PackSeeds) -> PackTask:
    """Make the task that trains the winner's configuration once, here.

    Args:
        seed: of the initial weights.
        seeds: of the order of the examples, and of their split.
    """
    plan, row = run.settings.plan, winner.row
    return PackTask(
        pack=Pack(number=0, proposals=(Proposal(number=row.trial, configuration=row.configuration, seed=seed),)),
        data=plan.description.name,
        epochs=row.epochs,
        batch_seed=seeds.batches,
        resampling_seed=seeds.resampling,
        protocol=plan.protocol,
        precision=plan.precision or Precision.FLOAT32,
        metric=plan.metric,
    )


def train(task: PackTask, data: Dataset, stage: Callable[[str], None], named: str = "the network") -> bytes | None:
    """Train a task of one member, and give its network as a model file; none if it diverged.

    Args:
        stage: told how far it is, every few seconds.
        named: how the network is called there.
    """
    pack_run, told_s = PackRun(task, data), -TOLD_EVERY_S
    while not pack_run.done:
        if time.monotonic() - told_s >= TOLD_EVERY_S:
            told_s = time.monotonic()
            stage(f"Training {named}: epoch {pack_run.epoch + 1} of {task.epochs}")
        pack_run.advance()
    return pack_run.report().model


def make_model(run: Run, winner: Winner, data: Dataset, choice: Choice, view: ProgressView) -> TrainedModel:
    """Make a model that the search did not make: retrained, or an ensemble, or both.

    Args:
        data: of the run.
        view: told how far the training is.

    Raises:
        SettingsError: the training diverged, or those of all but one network.
    """
    torch.set_num_threads(run.settings.resources.threads)
    n = members_of(run, winner) if choice.ensemble else 1
    first = FIRST_OF_RETRAINING if choice.retrain else FIRST_OF_REPORT
    given = _joined(data) if choice.retrain else data
    found = [
        _network(run, winner, first + index, given, choice, view, f"network {index + 1} of {n}") for index in range(n)
    ]
    models = [model for model in found if model is not None]
    if len(models) < n:
        view.say(f"{n - len(models)} of {n} trainings diverged, and left no network.")
    if len(models) < min(2, n):
        raise SettingsError(
            f"trial {winner.row.trial} cannot be exported so: its training diverged from these seeds. Export it "
            "without --retrain and --ensemble"
        )
    return _together(models) if choice.ensemble else models[0]


def members_of(run: Run, winner: Winner) -> int:
    """Give how many networks an ensemble has: as many as the report had trainings."""
    verdict = winner.verdict
    reported = verdict.test.trainings if verdict is not None and verdict.test is not None else 0
    n = reported or run.settings.plan.report_trainings or MEMBERS
    return n if n > 1 else MEMBERS


def _network(
    run: Run, winner: Winner, repeat: int, data: Dataset, choice: Choice, view: ProgressView, named: str
) -> TrainedModel | None:
    """Train one network, or take that which the run kept; none if its training diverged."""
    seed, seeds = seeds_of_repeat(run.settings.plan, repeat)
    if choice.retrain:
        content = train(task_of(run, winner, seed=seed, seeds=replace(seeds, resampling=None)), data, view.stage, named)
        model = None if content is None else model_from_bytes(content, source=named)
        # It has learned from the validation examples, so that a score on them would say nothing.
        return None if model is None else replace(model, validation_accuracy=None, validation_score=None)
    kept = read_kept_model(run.folder.winner_model)
    if kept is not None and (kept.configuration, kept.seed) == (winner.row.configuration, seed):
        return kept
    content = train(task_of(run, winner, seed=seed, seeds=seeds), data, view.stage, named)
    return None if content is None else model_from_bytes(content, source=named)


def _joined(data: Dataset) -> Dataset:
    """Add the validation examples to those for training."""
    train = Split(
        inputs=torch.cat([data.train.inputs, data.validation.inputs]),
        labels=torch.cat([data.train.labels, data.validation.labels]),
    )
    return data.with_splits({**data.splits, "train": train})


def _together(models: Sequence[TrainedModel]) -> TrainedModel:
    """Make an ensemble of networks of one configuration."""
    known = [model.validation_accuracy for model in models if model.validation_accuracy is not None]
    return replace(
        models[0],
        network=MeanOfProbabilities([model.network for model in models], models[0].heads).eval(),
        members=tuple(model.seed for model in models),
        validation_accuracy=sum(known) / len(known) if known else None,
        validation_score=None,
    )
