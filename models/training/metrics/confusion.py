"""Balanced accuracy and macro-F1: from how often each class was named for each class. Of one head.

Classes without an example in the split do not count. Logits are float32 [members, classes, n], truth is int64 [n].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from packtune.models.training.metrics.classes import class_counts, spread


def confusion(logits: Tensor, truth: Tensor) -> Tensor:
    """Count how often each class was named: int64 [members, true classes, named classes]."""
    members, classes, _ = logits.shape
    first = torch.arange(members, device=logits.device).unsqueeze(1) * classes**2
    pairs = first + truth * classes + logits.argmax(1)
    return torch.bincount(pairs.view(-1), minlength=members * classes**2).view(members, classes, classes)


def balanced_accuracies(logits: Tensor, truth: Tensor) -> list[float]:
    """Give the mean recall of each member; see scikit-learn's `balanced_accuracy_score`."""
    return _means(_recalls(confusion(logits, truth)))


def balanced_accuracy_by_image(logits: Tensor, truth: Tensor) -> Tensor:
    """Give what each image says about the balanced accuracy, see `packtune.models.training.metrics.measure`.

    A recall is a ratio of two counts. Its linear part (Cochran 1977, section 6.3) is (right - recall) * n / n_k for the
    images of its class, and 0 for the others.

    Returns:
        float64 [members, n].
    """
    table = confusion(logits, truth)
    balanced, counts = _means(_recalls(table)), class_counts(truth, logits.shape[1])
    recall = table.diagonal(dim1=1, dim2=2) / counts.clamp(min=1).double()  # [members, classes]
    right = (logits.argmax(1) == truth).double()
    weights = spread(counts) * len(truth) / (counts.clamp(min=1) * (counts > 0).sum())
    return _column(balanced, right) + weights[truth] * (right - recall[:, truth])


def macro_f1s(logits: Tensor, truth: Tensor) -> list[float]:
    """Give the mean F1 of each member; see scikit-learn's `f1_score`."""
    return _means(_f1s(confusion(logits, truth)))


def macro_f1_by_image(logits: Tensor, truth: Tensor) -> Tensor:
    """Give what each image says about the macro-F1, see `packtune.models.training.metrics.measure`.

    F1 of a class is 2 a / b, with a the share of images that are of it and named so, b the share that are of it plus
    the share that are named so. The linear part is the derivative (the delta method, as Takahashi et al. 2022).

    Returns:
        float64 [members, n].
    """
    table = confusion(logits, truth)
    named, present = logits.argmax(1), torch.unique(truth).tolist()
    values = _column(_means(_f1s(table)), table).repeat(1, len(truth))
    for number in present:
        both = (table[:, number].sum(1) + table[:, :, number].sum(1)).double() / len(truth)  # b, [members]
        f1 = 2 * table[:, number, number].double() / len(truth) / both
        is_true, is_named = (truth == number).double(), (named == number).double()
        linear = is_true * is_named - f1.unsqueeze(1) / 2 * (is_true + is_named)
        values += 2 / both.unsqueeze(1) * linear / len(present)
    return values


def _recalls(table: Tensor) -> Tensor:
    """Give float64 [members, classes that there are]."""
    there = table[0].sum(1) > 0
    return (table.diagonal(dim1=1, dim2=2).double() / table.sum(2).double())[:, there]


def _f1s(table: Tensor) -> Tensor:
    there = table[0].sum(1) > 0
    return (2 * table.diagonal(dim1=1, dim2=2).double() / (table.sum(1) + table.sum(2)).double())[:, there]


def _column(values: list[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, device=like.device).unsqueeze(1)


def _means(values: Tensor) -> list[float]:
    """Average float64 [members, classes] exactly, so that the size of the pack changes nothing."""
    return [math.fsum(row) / len(row) for row in values.tolist()]
