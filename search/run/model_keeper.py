"""The best trained model of a run, kept on disk while the search goes on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packtune.dispatch.pack_task import PackReport
from packtune.errors import ModelFileError
from packtune.files import write_bytes
from packtune.models.configuration import Configuration
from packtune.models.model_file import TrainedModel, model_from_bytes
from packtune.report.winner import Winner
from packtune.run.folder import RunFolder


class ModelKeeper:
    """Keeps the model with the best score on validation; of equal ones, that of the lower trial number.

    Args:
        path: of the model file. One that is there already counts; a damaged one is replaced by the next better model.
        configuration: of the models; one of another configuration that is there does not count. None for any.
    """

    def __init__(self, path: Path, configuration: Configuration | None = None) -> None:
        self._path = path
        kept = read_kept_model(path)
        counts = kept is not None and configuration in (None, kept.configuration)
        self._best = (kept.merit, -kept.trial) if kept is not None and counts else (-1.0, 0)

    def offer(self, report: PackReport) -> None:
        """Write the model of a report if it is better than the one on disk.

        Raises:
            RunError: the file cannot be written.
        """
        if report.model is None or report.model_trial is None:
            return
        merit = report.model_merit, -report.model_trial
        if merit > self._best:
            write_bytes(self._path, report.model)
            self._best = merit


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """The winner's trained model, and the file that holds it."""

    path: Path
    model: TrainedModel


def find_kept_model(folder: RunFolder, winner: Winner) -> KeptModel | None:
    """Find the model of a winner that its run kept: the best network of its report, or else that of its trial.

    None if the run kept none, or that of another configuration.

    Raises:
        NetworkError: it is a network of the user's own, which this process cannot build.
    """
    reported = winner.verdict is not None and winner.verdict.best_repeat is not None
    path = folder.winner_model if reported else folder.best_model
    model, row = read_kept_model(path), winner.row
    if model is None:
        return None
    is_winners = model.configuration == row.configuration if reported else model.trial == row.trial
    return KeptModel(path=path, model=model) if is_winners else None


def read_kept_model(path: Path) -> TrainedModel | None:
    """Read the model that a run kept; none if there is no file, or a damaged one."""
    with suppress(OSError, ModelFileError):
        return model_from_bytes(path.read_bytes(), source=str(path))
    return None
