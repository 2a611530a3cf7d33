"""What simple methods reach on the user's own data: measured once at the end of a search, and kept beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.data.description import BaselineAccuracy
from packtune.errors import PacktuneError
from packtune.files import write_text

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset

FILE = "baselines.json"


def keep_baselines(folder: Path, dataset: Dataset, say: Callable[[str], None]) -> None:
    """Measure simple methods, unless that was done before. If it fails, that is said, and nothing is kept.

    Args:
        folder: of the run.
        dataset: that of the run.
    """
    if read_baselines(folder):
        return
    try:
        found = [asdict(each) for each in _measure(dataset)]
        write_text(folder / FILE, json.dumps(found, indent=1) + "\n")
    except (ArithmeticError, ValueError, MemoryError, PacktuneError) as error:
        say(f"What simple methods reach is not known: {error}")


def read_baselines(folder: Path) -> tuple[BaselineAccuracy, ...]:
    """Read what was kept in the folder of a run; none if nothing was, or if it is damaged."""
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return tuple(
            BaselineAccuracy(
                name=str(each["name"]),
                validation=float(each["validation"]),
                test=float(each["test"]),
                examples=int(each["examples"]),
            )
            for each in values
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _measure(dataset: Dataset) -> list[BaselineAccuracy]:
    from packtune.data.baselines import logistic_regression, majority  # scikit-learn, which takes a while to load

    inputs = {name: split.inputs.numpy() for name, split in dataset.splits.items()}
    labels = {name: split.labels.numpy() for name, split in dataset.splits.items()}
    found = [majority(labels, dataset.classes), logistic_regression(inputs, labels, dataset.classes)]
    return [
        BaselineAccuracy(name=each.name, validation=each.validation, test=each.test, examples=each.examples)
        for each in found
    ]
