"""Whether a metric has a value on data of the user's own: which classes the examples of a split have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from packtune.errors import SettingsError
from packtune.models.training.metrics.catalog import Metric

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset

SHOWN = 5


def check_classes(dataset: Dataset, metric: Metric) -> None:
    """Make sure that a metric can be computed: of some, every class must have an example in validation.

    Of the test examples it is enough that there are two classes: a class that they lack does not count there.

    Raises:
        SettingsError: a class has none.
    """
    if not metric.entry.needs_every_class:
        return
    if missing := list(_missing(dataset)):
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise SettingsError(
            f"metric = {metric} is not allowed: the validation examples of {dataset.name} have none of the class "
            f"{', '.join(missing[:SHOWN])}{more}, and without one there is no {metric.in_words} of it; give a larger "
            "validation share, or another metric such as log-loss"
        )
    if any(len(column.unique()) == 1 for column in dataset.test.labels.t()):
        raise SettingsError(
            f"metric = {metric} is not allowed: the test examples of {dataset.name} are all of one class; give another "
            "test split, or another metric such as log-loss"
        )


def _missing(dataset: Dataset) -> Iterator[str]:
    for head, column in zip(dataset.heads, dataset.validation.labels.t(), strict=True):
        there = set(column.tolist())
        for number, name in enumerate(head.classes):
            if number not in there:
                yield repr(name) if len(dataset.heads) == 1 else f"{name!r} of {head.name}"
