"""Search the hyperparameters of small neural networks, many at a time, and find a winner to trust.

    import packtune

    result = packtune.search("digits", space="wide", trials=32)
    result.leaderboard                       # a pandas DataFrame
    result.winner.predict(images)            # with a plain torch.nn.Module, result.winner.model
    packtune.load("results/runs/digits-wide-001").resume(trials="+32")

What is named here is imported when it is first used: the command line starts without waiting for PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packtune.data.catalog import DATASETS
    from packtune.data.description import BaselineAccuracy
    from packtune.errors import (
        ClusterError,
        DataError,
        ExportError,
        ModelFileError,
        PacktuneError,
        RunError,
        SettingsError,
        SpaceError,
    )
    from packtune.interface.looking.listing import runs
    from packtune.interface.prediction import load_model, predict, predict_images
    from packtune.interface.result import SearchResult, WinnerResult
    from packtune.interface.search import leaderboard, load, search
    from packtune.models.configuration import HYPERPARAMETERS, Configuration
    from packtune.models.model_file import TrainedModel
    from packtune.report.live.progress import ProgressView
    from packtune.reproduction.interface import reproduce
    from packtune.space.catalog import SPACES
    from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
    from packtune.space.space import Space

_HOMES = {
    "DATASETS": "packtune.data.catalog",
    "ClusterError": "packtune.errors",
    "DataError": "packtune.errors",
    "ExportError": "packtune.errors",
    "ModelFileError": "packtune.errors",
    "PacktuneError": "packtune.errors",
    "RunError": "packtune.errors",
    "SettingsError": "packtune.errors",
    "SpaceError": "packtune.errors",
    "HYPERPARAMETERS": "packtune.models.configuration",
    "Configuration": "packtune.models.configuration",
    "TrainedModel": "packtune.models.model_file",
    "BaselineAccuracy": "packtune.data.description",
    "ProgressView": "packtune.report.live.progress",
    "reproduce": "packtune.reproduction.interface",
    "leaderboard": "packtune.interface.search",
    "load": "packtune.interface.search",
    "search": "packtune.interface.search",
    "runs": "packtune.interface.looking.listing",
    "load_model": "packtune.interface.prediction",
    "predict": "packtune.interface.prediction",
    "predict_images": "packtune.interface.prediction",
    "SearchResult": "packtune.interface.result",
    "WinnerResult": "packtune.interface.result",
    "SPACES": "packtune.space.catalog",
    "Choices": "packtune.space.domains",
    "Dimension": "packtune.space.domains",
    "FloatRange": "packtune.space.domains",
    "IntRange": "packtune.space.domains",
    "Space": "packtune.space.space",
}

__all__ = [
    "DATASETS",
    "HYPERPARAMETERS",
    "SPACES",
    "BaselineAccuracy",
    "Choices",
    "ClusterError",
    "Configuration",
    "DataError",
    "Dimension",
    "ExportError",
    "FloatRange",
    "IntRange",
    "ModelFileError",
    "PacktuneError",
    "ProgressView",
    "RunError",
    "SearchResult",
    "SettingsError",
    "Space",
    "SpaceError",
    "TrainedModel",
    "WinnerResult",
    "leaderboard",
    "load",
    "load_model",
    "predict",
    "predict_images",
    "reproduce",
    "runs",
    "search",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
