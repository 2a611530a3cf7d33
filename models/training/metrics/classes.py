"""How many examples each class has in a split, and what that means for the spread of a mean over classes."""

from __future__ import annotations

import torch
from torch import Tensor


def class_counts(truth: Tensor, classes: int) -> Tensor:
    """Count the examples of each class: int64 [classes].

    Args:
        truth: int64 [n].
    """
    return torch.bincount(truth, minlength=classes)


def spread(counts: Tensor) -> Tensor:
    """Give the factor that makes up for what a class's own mean takes from its spread: sqrt(n / (n - 1)).

    Args:
        counts: int64, any shape.

    Returns:
        float64, of the same shape; 1 for a class with fewer than two examples, which shows no spread.
    """
    n = counts.double()
    return torch.where(counts > 1, (n / (n - 1).clamp(min=1)).sqrt(), torch.ones_like(n))


def as_many_images(labels: Tensor) -> float:
    """Give how many independent images would say as much about a mean over classes, were all classes equally hard.

    It is K**2 / sum(1 / n_k) for the K classes that have examples, n_k of them each: at most the number of images, and
    that only if the classes have as many. Of several heads, the smallest counts.

    Args:
        labels: int64 [n, heads].
    """
    counts = [torch.unique(column, return_counts=True)[1].double() for column in labels.t()]
    return min(float(len(n) ** 2 / (1 / n).sum()) for n in counts)
