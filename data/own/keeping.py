"""The examples of a prepared data set in the folder of a run: a copy that may be deleted, and is made again then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from packtune.data.dataset import Dataset, Split
from packtune.data.description import OwnData
from packtune.data.own.facts import ARRAYS, FACTS, Facts, read_facts
from packtune.errors import CorruptFile, MissingFiles


def facts_of(own: OwnData, dataset: Dataset) -> Facts:
    """Give all that is to be kept of a data set besides its examples."""
    return Facts(own=own, scaling=dataset.scaling, preparation=dataset.preparation)


def write_arrays(dataset: Dataset, folder: Path) -> None:
    """Write the examples.

    Raises:
        OSError: there is no space, or no permission.
    """
    (folder / ARRAYS).mkdir(exist_ok=True)
    for name, split in dataset.splits.items():
        np.save(folder / ARRAYS / f"{name}-inputs.npy", split.inputs.numpy(), allow_pickle=False)
        np.save(folder / ARRAYS / f"{name}-labels.npy", split.labels.numpy(), allow_pickle=False)


def read_kept(folder: Path) -> Dataset:
    """Read a data set from the folder of a run.

    Raises:
        MissingFiles: its examples are gone.
        CorruptFile: a file is damaged.
    """
    facts, arrays = read_facts(folder), folder / ARRAYS
    if facts is None or not arrays.is_dir():
        raise MissingFiles(f"the examples are gone from {arrays if facts else folder / FACTS}")
    try:
        splits = {name: _read_split(arrays, name) for name in ("train", "validation", "test")}
        return _dataset(facts, splits)
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise CorruptFile(f"the examples in {arrays} are damaged ({error})") from error


def _dataset(facts: Facts, splits: Mapping[str, Split]) -> Dataset:
    about = facts.own.description
    return Dataset(
        name=about.name,
        train=splits["train"],
        validation=splits["validation"],
        test=splits["test"],
        heads=about.heads,
        scaling=facts.scaling,
        resamples=about.resamples,
        preparation=facts.preparation,
        fingerprint=about.fingerprint,
    )


def _read_split(arrays: Path, name: str) -> Split:
    inputs, labels = (np.load(arrays / f"{name}-{what}.npy", allow_pickle=False) for what in ("inputs", "labels"))
    return Split(inputs=torch.from_numpy(inputs), labels=torch.from_numpy(labels))
