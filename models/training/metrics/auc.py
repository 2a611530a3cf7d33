"""The area under the curve of one head: each class against all others, mean over classes.

A class counts if the split has an example of it, and one of another class. Logits are float32 [members, classes, n],
truth is int64 [n].
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from packtune.models.training.metrics.classes import class_counts, spread


def aucs(logits: Tensor, truth: Tensor) -> list[float]:
    """Give the AUC of each member; see scikit-learn's `roc_auc_score` with `multi_class="ovr"`.

    Raises:
        ValueError: all examples are of one class.
    """
    classes = _comparable(logits, truth)
    return [math.fsum(_auc(*pair) for pair in _pairs(member, truth, classes)) / len(classes) for member in logits]


def auc_by_image(logits: Tensor, truth: Tensor) -> Tensor:
    """Give what each image says about the AUC, see `packtune.models.training.metrics.measure`.

    They are the structural components of DeLong, DeLong and Clarke-Pearson (1988): of an image of the class, how many
    of the others it surpasses; of another image, how many of the class surpass it.

    Returns:
        float64 [members, n].

    Raises:
        ValueError: all examples are of one class.
    """
    classes = _comparable(logits, truth)
    return torch.stack([_components(member, truth, classes) for member in logits])


def _comparable(logits: Tensor, truth: Tensor) -> list[int]:
    counts = class_counts(truth, logits.shape[1])
    classes = torch.nonzero((counts > 0) & (counts < len(truth))).view(-1).tolist()
    if not classes:
        raise ValueError("all examples of the split are of one class, so there is no AUC: choose another metric")
    return [int(number) for number in classes]


def _pairs(logits: Tensor, truth: Tensor, classes: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the probabilities of each class, float64: of its own examples [m], and of all others [n - m]."""
    probabilities = torch.softmax(logits.double(), dim=0)
    for number in classes:
        own = truth == number
        yield probabilities[number][own], probabilities[number][~own]


def _auc(own: Tensor, others: Tensor) -> float:
    return int(_twice_below(own, others).sum()) / (2 * len(own) * len(others))


def _twice_below(values: Tensor, others: Tensor) -> Tensor:
    """Count for each value the others below it twice, and those equal to it once: int64 [len(values)]."""
    rising = others.sort().values
    return torch.searchsorted(rising, values) + torch.searchsorted(rising, values, right=True)


def _components(logits: Tensor, truth: Tensor, classes: list[int]) -> Tensor:
    """Give the mean over classes of the components of each image, float64 [n]."""
    n, total = len(truth), torch.zeros(len(truth), dtype=torch.float64, device=truth.device)
    for number, (own, others) in zip(classes, _pairs(logits, truth, classes), strict=True):
        is_own, auc = truth == number, _auc(own, others)
        surpassed = _twice_below(own, others) / (2 * len(others))
        surpassing = 1 - _twice_below(others, own) / (2 * len(own))
        sizes = torch.tensor([len(own), len(others)], device=truth.device)
        weights = spread(sizes) * n / sizes
        total[is_own] += auc + weights[0] * (surpassed - auc)
        total[~is_own] += auc + weights[1] * (surpassing - auc)
    return total / len(classes)
