"""The area under the curve of one head: each class against all others, mean over classes.

A class counts if the split has an example of it, and one of another class. Logits are float32 [members, classes, n],
truth is int64 [n].
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from packtune.models.training.metrics.classes import class_counts, spread


def aucs(logits: Tensor, truth: Tensor) -> list[float]:
    """Give the AUC of each member; see scikit-learn's `roc_auc_score` with `multi_class="ovr"`.

    Raises:
        ValueError: all examples are of one class.
    """
    owned = _owned(logits, truth)
    return [math.fsum(map(_auc, _by_class(member, owned))) / len(owned) for member in logits]


def auc_by_image(logits: Tensor, truth: Tensor) -> Tensor:
    """Give what each image says about the AUC, see `packtune.models.training.metrics.measure`.

    They are the structural components of DeLong, DeLong and Clarke-Pearson (1988): of an image of the class, how many
    of the others it surpasses; of another image, how many of the class surpass it.

    Returns:
        float64 [members, n].

    Raises:
        ValueError: all examples are of one class.
    """
    owned = _owned(logits, truth)
    return torch.stack([_components(member, owned) for member in logits])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Class:
    """One class against all others.

    Attributes:
        is_own: bool [n], which images are of the class.
        own, others: float64 [m] and [n - m], the probabilities of the class that its images and the others get.
    """

    is_own: Tensor
    own: Tensor
    others: Tensor


def _owned(logits: Tensor, truth: Tensor) -> dict[int, Tensor]:
    """Tell which images are of a class, bool [n], for each class that can be compared."""
    counts = class_counts(truth, logits.shape[1])
    classes = torch.nonzero((counts > 0) & (counts < len(truth))).view(-1).tolist()
    if not classes:
        raise ValueError("all examples of the split are of one class, so there is no AUC: choose another metric")
    return {int(number): truth == number for number in classes}


def _by_class(logits: Tensor, owned: dict[int, Tensor]) -> Iterator[_Class]:
    """Yield each class by the probabilities of one member, whose logits are float32 [classes, n]."""
    probabilities = torch.softmax(logits.double(), dim=0)
    for number, is_own in owned.items():
        of_class = probabilities[number]
        yield _Class(is_own=is_own, own=of_class[is_own], others=of_class[~is_own])


def _auc(each: _Class) -> float:
    return int(_twice_below(each.own, each.others).sum()) / (2 * len(each.own) * len(each.others))


def _twice_below(values: Tensor, others: Tensor) -> Tensor:
    """Count for each value the others below it twice, and those equal to it once: int64 [len(values)]."""
    rising = others.sort().values
    return torch.searchsorted(rising, values) + torch.searchsorted(rising, values, right=True)


def _components(logits: Tensor, owned: dict[int, Tensor]) -> Tensor:
    """Give the mean over classes of the components of each image, float64 [n]."""
    total = torch.zeros(logits.shape[1], dtype=torch.float64, device=logits.device)
    for each in _by_class(logits, owned):
        surpassed = _twice_below(each.own, each.others) / (2.0 * len(each.others))
        surpassing = 1 - _twice_below(each.others, each.own) / (2.0 * len(each.own))
        auc = surpassed.mean()
        total[each.is_own] += auc + _weight(each.own, total) * (surpassed - auc)
        total[~each.is_own] += auc + _weight(each.others, total) * (surpassing - auc)
    return total / len(owned)


def _weight(part: Tensor, whole: Tensor) -> float:
    """Give the weight of an image of one part of all images in a mean over that part."""
    return float(spread(torch.tensor(len(part)))) * len(whole) / len(part)
