"""Labels for new examples, from a model of the user's own data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from packtune.data.description import Head
from packtune.data.files import readable
from packtune.data.reading.pictures.album import Means
from packtune.data.reading.raw import Progress
from packtune.data.unseen.examples import Unseen, wanted_by
from packtune.data.unseen.find import read_unseen
from packtune.interface.label_table import Predictions, label_table
from packtune.limits import memory_limit, usable_cpus
from packtune.models.trained_model import NO_LABEL, Labels, TrainedModel


def predict_own(
    model: TrainedModel,
    path: Path,
    *,
    like_mnist: bool | None,
    probabilities: bool,
    progress: Progress | None = None,
) -> Predictions:
    """Label new examples, prepared as those of the training were.

    Args:
        path: see `read_unseen`.
        like_mnist: see `Wanted`.
        probabilities: whether to add the probability of each class.

    Raises:
        DataError: the examples cannot be read, or do not fit the model.
    """
    wanted = wanted_by(model.preparation, model.heads, model.scaling, like_mnist=like_mnist)
    means = Means(memory_bytes=memory_limit(), cpus=usable_cpus(), progress=progress)
    unseen = read_unseen(path.expanduser(), wanted, means)
    labels = _spread(_label(model, unseen), unseen)
    title = "image" if unseen.are_pictures else "row"
    notes = [unseen.notes.get(index, "") for index in range(len(unseen))]
    frame = label_table(title, unseen.names, labels, model.heads, notes, probabilities=probabilities)
    said = [*unseen.said, *_compare(labels, unseen, model.heads), *_count_unreadable(unseen)]
    return Predictions(labels=frame, summary="\n".join(said), unreadable=unseen.unreadable)


def _label(model: TrainedModel, unseen: Unseen) -> Labels:
    """Label the examples that could be read, perhaps none."""
    if len(unseen.inputs):
        return model.label(torch.from_numpy(unseen.inputs))
    shape = 0, len(model.heads), model.classes
    return Labels(labels=torch.empty(shape[:2], dtype=torch.int64), probabilities=torch.empty(shape).double())


def _spread(labels: Labels, unseen: Unseen) -> Labels:
    """Give each label its place among all examples; those that have none get none."""
    kept = torch.from_numpy(unseen.kept)
    numbers = torch.full((len(unseen), labels.labels.shape[1]), NO_LABEL)
    probabilities = torch.full((len(unseen), *labels.probabilities.shape[1:]), torch.nan, dtype=torch.float64)
    numbers[kept], probabilities[kept] = labels.labels, labels.probabilities
    return Labels(labels=numbers, probabilities=probabilities)


def _compare(labels: Labels, unseen: Unseen, heads: Sequence[Head]) -> list[str]:
    """Say which share of the labels is right, where the right ones are known."""
    if not unseen.labels:
        return []
    right = np.stack([unseen.labels[head.name] for head in heads], axis=1)
    is_known = unseen.kept & (right != "").all(axis=1)
    n = int(is_known.sum())
    if not n:
        return []
    names = [np.array([*head.classes, ""], dtype=object)[labels.labels.numpy()[:, i]] for i, head in enumerate(heads)]
    n_right = int((np.stack(names, axis=1) == right)[is_known].all(axis=1).sum())
    return [f"Right: {n_right:,} of {n:,} ({n_right / n:.4f}), as {_what(heads)} is given."]


def _what(heads: Sequence[Head]) -> str:
    return " and ".join(readable(head.name) for head in heads)


def _count_unreadable(unseen: Unseen) -> list[str]:
    n = unseen.unreadable
    if not n:
        return []
    return [f"Without a label, as {'it' if n == 1 else 'they'} cannot be used: {n:,} of {len(unseen):,}; see `note`."]
