"""What a trained network says of labelled examples, one by one: its mistakes, and the columns that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from packtune.data.dataset import Split
from packtune.models.trained_model import TrainedModel

MOST_ROWS = 2000
"""Of a table, for what its columns are worth; of more rows as many are taken, evenly."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examination:
    """The answers of a network on a split.

    Attributes:
        said, right: int64 [n, heads], the classes that it says, and those that are right.
        probabilities: float64 [n], what it gives to the right classes of all heads together, 0 to 1.
    """

    said: Tensor
    right: Tensor
    probabilities: Tensor

    def __len__(self) -> int:
        return len(self.said)

    @property
    def n_right(self) -> int:
        """How many examples have every head right."""
        return int((self.said == self.right).all(1).sum())

    def confusion(self, head: int, classes: int) -> list[list[int]]:
        """Count how many examples of each class (row) are labelled as each class (column): [classes, classes]."""
        pairs = self.right[:, head] * classes + self.said[:, head]
        counts: list[list[int]] = torch.bincount(pairs, minlength=classes * classes).view(classes, classes).tolist()
        return counts

    def worst(self, most: int) -> list[int]:
        """List the examples with a wrong label whose right one the network holds least likely, the worst first."""
        wrong = (self.said != self.right).any(1).nonzero().flatten()
        order = self.probabilities[wrong].argsort(stable=True)
        return [int(index) for index in wrong[order[:most]]]


def examine(model: TrainedModel, split: Split) -> Examination:
    """Let a network label the examples of a split."""
    labels = model.label(split.inputs)
    of_right = labels.probabilities.gather(2, split.labels[:, :, None]).squeeze(2)
    return Examination(said=labels.labels, right=split.labels, probabilities=of_right.prod(1))


def losses_of_columns(
    model: TrainedModel, split: Split, columns: Sequence[Sequence[int]], *, shuffles: int
) -> list[list[float]]:
    """Measure how much accuracy a network loses when the cells of a column are shuffled (Breiman 2001).

    Args:
        split: rows of a table.
        columns: of each group that is shuffled together, the places among the inputs: a column of words has several.
        shuffles: of each group; the same for the same split.

    Returns:
        For each group, what each shuffle loses, -1 to 1.
    """
    rows = _evenly(split)
    before = examine(model, rows).n_right
    orders = [torch.randperm(len(rows), generator=torch.Generator().manual_seed(n)) for n in range(shuffles)]
    return [[(before - _right_of(model, rows, places, order)) / len(rows) for order in orders] for places in columns]


def _evenly(split: Split) -> Split:
    n = min(len(split), MOST_ROWS)
    return split if n == len(split) else split.take(torch.arange(n) * len(split) // n)


def _right_of(model: TrainedModel, rows: Split, places: Sequence[int], order: Tensor) -> int:
    """Count the rows that are labelled right with some columns in another order."""
    inputs = rows.inputs.clone()
    inputs[:, places] = inputs[order][:, places]
    return examine(model, Split(inputs=inputs, labels=rows.labels)).n_right
