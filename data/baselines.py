"""What simple methods reach on the same data: the majority class, and a logistic regression. Knows no search."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from packtune.data.reading.raw import TEST, TRAIN, VALIDATION

MAX_VALUES, MIN_ROWS = 4_000_000, 500
"""The logistic regression learns from so many values at most, which take about two seconds, but from 500 rows."""

MAX_ITERATIONS = 100
CHUNK_ROWS = 4_096
LOWEST_SCORE = -30.0
"""The logarithm of the probability of a class that a method never saw."""

Inputs = npt.NDArray[np.float32] | npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.floating]


# eq=False: an equality by value would compare arrays, and the result has no truth value.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """What a simple method reaches.

    Attributes:
        name: of the method.
        validation, test: accuracy on these splits, the share of examples with every head right, 0 to 1.
        examples: of the training split, how many it learned from.
        scores: of each of these splits, logarithms of probabilities, float32 [n, heads, classes].
    """

    name: str
    validation: float
    test: float
    examples: int
    scores: Mapping[str, Scores]

    def logits(self, split: str) -> torch.Tensor:
        """Give the scores on a split as a pack of one network gives them: float32 [1, heads * classes, n]."""
        values = torch.from_numpy(np.ascontiguousarray(self.scores[split]))
        return values.flatten(1).t().unsqueeze(0).contiguous()


def majority(labels: Mapping[str, Labels], classes: int) -> Baseline:
    """Measure what it reaches to name the most frequent class of each head always.

    Args:
        labels: of train, validation and test, int64 [n, heads].
        classes: the most classes of a head.
    """
    shares = np.stack([np.bincount(column, minlength=classes) for column in labels[TRAIN].T]) / len(labels[TRAIN])
    scores = _logarithms(shares).astype(np.float32)  # [heads, classes]
    spread = {name: np.broadcast_to(scores, (len(labels[name]), *scores.shape)) for name in (VALIDATION, TEST)}
    return _measure("majority class", spread, labels, len(labels[TRAIN]))


def logistic_regression(
    inputs: Mapping[str, Inputs], labels: Mapping[str, Labels], classes: int, seed: int = 0
) -> Baseline:
    """Measure what scikit-learn's logistic regression reaches, one for each head.

    It takes a few seconds at most: it learns from 4,000,000 values drawn at random, such as 5,102 images of 28x28 (or
    from 500 examples, if these have more), in 100 steps or fewer.

    Args:
        inputs: of train, validation and test, prepared float32 [n, ...], or pixels uint8 [n, ...].
        labels: of the same, int64 [n, heads].
        classes: the most classes of a head.
        seed: decides which examples it learns from, where there are more.
    """
    n, values = len(inputs[TRAIN]), int(np.prod(inputs[TRAIN].shape[1:]))
    order = np.random.Generator(np.random.PCG64(seed)).permutation(n)[: max(MAX_VALUES // values, MIN_ROWS)]
    known, truth = _flat(inputs[TRAIN][order]), labels[TRAIN][order]
    models = [_fit(known, column) for column in truth.T]
    scores = {name: _scores(models, inputs[name], classes) for name in (VALIDATION, TEST)}
    return _measure("logistic regression", scores, labels, len(known))


def _measure(name: str, scores: Mapping[str, Scores], labels: Mapping[str, Labels], examples: int) -> Baseline:
    accuracy = {split: float((found.argmax(2) == labels[split]).all(1).mean()) for split, found in scores.items()}
    return Baseline(name=name, validation=accuracy[VALIDATION], test=accuracy[TEST], examples=examples, scores=scores)


def _flat(inputs: Inputs) -> npt.NDArray[np.float32]:
    """Give a row for each example; pixels become 0 to 1."""
    rows = inputs.reshape(len(inputs), -1)
    return np.asarray(rows / np.float32(255) if rows.dtype == np.uint8 else rows, dtype=np.float32)


def _fit(known: npt.NDArray[np.float32], truth: Labels) -> LogisticRegression | int:
    """Fit a model, or give the class if there is only one."""
    if len(np.unique(truth)) == 1:
        return int(truth[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of steps is limited on purpose
        return LogisticRegression(max_iter=MAX_ITERATIONS).fit(known, truth)


def _logarithms(probabilities: Probabilities) -> Probabilities:
    return np.log(np.maximum(probabilities, np.exp(LOWEST_SCORE)))  # a certain model gives exactly 0


def _scores(models: list[LogisticRegression | int], inputs: Inputs, classes: int) -> Scores:
    scores = np.full((len(inputs), len(models), classes), LOWEST_SCORE, dtype=np.float32)
    for start in range(0, len(inputs), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        known = _flat(inputs[rows])
        for head, model in enumerate(models):
            if isinstance(model, int):
                scores[rows, head, model] = 0
            else:
                scores[rows, head, model.classes_] = _logarithms(model.predict_proba(known))
    return scores
