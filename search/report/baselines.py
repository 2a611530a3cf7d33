"""What simple methods reach on the data of a run, in words: what the search is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineAccuracy:
    """What a simple method reaches. It plays no part in a search, and stands beside it.

    Attributes:
        name: of the method: "majority class" or "logistic regression".
        validation, test: the share of examples with every head right, 0 to 1.
        examples: of the training split, how many it learned from.
    """

    name: str
    validation: float
    test: float
    examples: int


def describe_baselines(baselines: Sequence[BaselineAccuracy], *, n_train: int) -> str:
    """Say what simple methods reach, for the foot of a leaderboard; nothing if there are none.

    Args:
        n_train: training examples that there are.
    """
    if not baselines:
        return ""
    methods = (
        f"{_method(each, n_train)} reaches {each.validation:.4f} on validation, {each.test:.4f} on test"
        for each in baselines
    )
    return f"For comparison: {'; '.join(methods)}."


def _method(baseline: BaselineAccuracy, n_train: int) -> str:
    name = "always the most frequent class" if baseline.name == "majority class" else f"a {baseline.name}"
    return name if baseline.examples >= n_train else f"{name} of {baseline.examples:,} examples"
