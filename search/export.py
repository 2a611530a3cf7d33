"""The winner's trained model as a file: the one kept during the search, or trained again from the same seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from data.catalog import load
from models.model_file import ModelFileError, TrainedModel, model_from_bytes
from models.precision import Precision
from search.errors import SettingsError
from search.files import write_bytes
from search.leaderboard import Row
from search.pack_task import PackTask, run_pack
from search.run_folder import RunFolder
from search.settings import Settings
from search.trial import Pack, Proposal


def export_model(folder: RunFolder, settings: Settings, row: Row, path: Path, *, talk: Callable[[str], None]) -> None:
    """Write the trained model of a leaderboard's row to `path`.

    Args:
        talk: told when the model has to be trained again, because the run kept another one.

    Raises:
        RunError: the file cannot be written.
        SettingsError: the training diverged this time.
    """
    kept = _kept_model(folder)
    if kept is not None and kept.trial == row.trial:
        write_bytes(path, folder.best_model.read_bytes())
        return
    talk(f"The run kept no model of trial {row.trial}; training it again ...")
    write_bytes(path, _train_again(settings, row))


def _kept_model(folder: RunFolder) -> TrainedModel | None:
    if not folder.best_model.exists():
        return None
    try:
        return model_from_bytes(folder.best_model.read_bytes(), source=str(folder.best_model))
    except ModelFileError:
        return None


def _train_again(settings: Settings, row: Row) -> bytes:
    torch.set_num_threads(settings.threads)
    proposal = Proposal(number=row.trial, configuration=row.configuration, seed=row.seed)
    task = PackTask(
        pack=Pack(number=0, proposals=(proposal,)),
        data=settings.data,
        epochs=row.epochs,
        batch_seed=settings.protocol.order_seed(settings.seed),
        protocol=settings.protocol,
        precision=Precision(settings.precision),
    )
    report = run_pack(task, load(settings.data, settings.data_dir))
    if report.model is None:
        raise SettingsError(f"trial {row.trial} cannot be trained again: {report.outcomes[0].reason}")
    return report.model
