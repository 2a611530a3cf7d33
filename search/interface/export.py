"""The trained model of the winner: the one kept during the search, or trained again from the same seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from packtune.dispatch.task_maker import PackSeeds
from packtune.errors import SettingsError
from packtune.interface.exports.training import task_of, train
from packtune.models.exports.catalog import Format, find_format
from packtune.report.winner import Winner
from packtune.run.confirming import seeds_of_repeat
from packtune.run.ending import read_ending
from packtune.run.folder import Run
from packtune.run.model_keeper import find_kept_model
from packtune.run.own.keeping import load_data


def check_export(path: Path) -> Format:
    """Make sure that a model can be written to a path, before one is trained, and give the format.

    Raises:
        SettingsError: the path is a folder, or its ending belongs to another kind of file.
        ExportError: a package that the format needs is missing.
    """
    if path.is_dir():
        raise SettingsError(f"cannot export to {path}, which is a folder: give the name of a file")
    found = find_format(path)
    if found.packages is not None:
        found.packages.check()
    return found


def model_of_run(run: Run, *, say: Callable[[str], None]) -> bytes:
    """Give the trained model of a run's winner, as the content of a model file; `say` as in `trained_model`.

    Raises:
        SettingsError: the run has no winner yet, or its training diverged this time.
    """
    winner = read_ending(run).winner
    if winner is None:
        raise SettingsError(
            f"the run {run.folder.name!r} has no complete trial yet: continue it with `{run.command('resume')}`"
        )
    return trained_model(run, winner, say=say)


def trained_model(
    run: Run, winner: Winner, *, say: Callable[[str], None], stage: Callable[[str], None] = lambda text: None
) -> bytes:
    """Give the trained model of a winner, as the content of a model file.

    It is the network that the search kept; of a winner that was confirmed, the best network of its report.

    Args:
        say: told when the model has to be trained again, because the run kept another one.
        stage: told how far that is.

    Raises:
        SettingsError: the training diverged this time.
    """
    if (kept := find_kept_model(run.folder, winner)) is not None:
        return kept.path.read_bytes()
    say(f"The run kept no model of trial {winner.row.trial}; training it again ...")
    return _train_again(run, winner, stage)


def _train_again(run: Run, winner: Winner, stage: Callable[[str], None]) -> bytes:
    plan, row = run.settings.plan, winner.row
    torch.set_num_threads(run.settings.resources.threads)
    seed, seeds = row.seed, PackSeeds(batches=plan.protocol.order_seed(plan.seed))
    if winner.verdict is not None and winner.verdict.best_repeat is not None:
        seed, seeds = seeds_of_repeat(plan, winner.verdict.best_repeat)
    content = train(task_of(run, winner, seed=seed, seeds=seeds), load_data(run), stage)
    if content is None:
        raise SettingsError(f"trial {row.trial} cannot be trained again: the loss left the finite numbers")
    return content
