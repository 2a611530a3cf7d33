"""Who is best: decisions on finalists from the validation answers of trainings that all of them share the seeds of.

A finalist is a number in exploration's order. Its answers may be the values of another metric than accuracy, if larger
ones are better. Row r of its answers is of repeat r, which has the same seeds and images
for every finalist. A finalist that was dropped earlier has fewer rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from packtune.confirmation.crossed import Layout, Values, analyse, difference, mean_of, sums_of
from packtune.confirmation.student import t_quantile

CONFIDENCE = 0.95


def survivors(answers: Mapping[int, Values], n: int) -> tuple[int, ...]:
    """Pick the n finalists with the best mean over all of their repeats; of equals those explored as better.

    Args:
        answers: [repeats, images] of each finalist that took part in the round.
        n: how many go on, at least 1; all if there are fewer.

    Returns:
        Those that go on, in exploration's order.

    Raises:
        ValueError: if nobody would go on.
    """
    if n < 1 or not answers:
        raise ValueError(f"{n} of {len(answers)} finalists go on: give at least one finalist, and a number from 1")
    best_first = sorted(answers, key=lambda finalist: (-mean_of(answers[finalist]), finalist))
    return tuple(sorted(best_first[:n]))


def rank_finalists(answers: Mapping[int, Values], collapsed: Collection[int] = ()) -> tuple[int, ...]:
    """Order all finalists, the best first: by the rounds that they stayed in, then by their mean over all repeats.

    Those that collapsed from some seed come last, and by their mean alone: a mean of few repeats counts for little,
    where the next seed may ruin it.

    Args:
        answers: [repeats, images] of each finalist.
        collapsed: finalists of which a training collapsed.
    """

    def place(finalist: int) -> tuple[bool, int, float, int]:
        behind = finalist in collapsed
        return behind, 0 if behind else -len(answers[finalist]), -mean_of(answers[finalist]), finalist

    return tuple(sorted(answers, key=place))


def tied_with_best(
    answers: Mapping[int, Values], *, resampled: bool, overlap: float = 0.0, collapsed: Collection[int] = ()
) -> tuple[int, ...]:
    """List the finalists that cannot be told from the best at 95%, it included, in the order of `rank_finalists`.

    Multiple comparisons with the best (Hsu 1984): a finalist is left out if the best is better by more than chance
    explains. One-sided tests at 5% in all (Bonferroni), so that the truly best of the finalists is in the list in at
    least 95 of 100 cases. The two are compared image by image, in the repeats that both have.

    Images and repeats each add a part to the variance of the mean difference (see `Layout`), with a quantile of its
    own. Repeats are few. How much differences vary between them is pooled over all finalists and rounds, as in a block
    design (Dunnett 1955), unless the pair at hand varies more. If each round has a single repeat, only the images
    speak, and the list is too short where another seed would change much.

    A finalist that collapsed from some seed is compared as all others are: the best one may do so from a seed as yet
    unseen.

    Args:
        answers: [repeats, images] to the validation images, of each finalist; at least one.
        collapsed: finalists of which a training collapsed.
        resampled: whether each repeat has validation images of its own, rather than all the same ones.
        overlap: validation images as a share of those from which each repeat draws them, 0 to below 1. Training sets
            that overlap make repeats alike, which the correction of Nadeau and Bengio (2003) allows for.

    Raises:
        ValueError: if there is no finalist, if one of several has no answers, or if `overlap` is out of its range.
    """
    if not answers or not 0 <= overlap < 1:
        raise ValueError(f"{len(answers)} finalists, overlap {overlap}: give at least one finalist, and 0 to below 1")
    ranked = rank_finalists(answers, collapsed)
    best = ranked[0]
    if len(ranked) == 1:
        return ranked
    level = 1 - (1 - CONFIDENCE) / (len(ranked) - 1)
    pooled = _pool(answers)
    comparisons = {other: _compare(answers, best, other, pooled) for other in ranked[1:]}
    if resampled:
        comparisons = {other: comparison.resampled(overlap) for other, comparison in comparisons.items()}
    worse = {other for other, comparison in comparisons.items() if comparison.is_certain(level)}
    return tuple(finalist for finalist in ranked if finalist not in worse)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """The best less another finalist.

    Attributes:
        layout: of the differences [common repeats, images], -1 to 1.
        degrees: degrees of freedom of its mean square between repeats.
        inflation: the factor of the variance of the mean that repeats alike in their training sets ask for.
    """

    layout: Layout
    degrees: int
    inflation: float = 1.0

    def resampled(self, overlap: float) -> _Comparison:
        """Give the comparison where each repeat has images of its own."""
        inflation = 1 + self.layout.repeats * overlap / (1 - overlap)
        return replace(self, layout=self.layout.nested(), inflation=inflation)

    def is_certain(self, level: float) -> bool:
        """Tell whether the mean is above 0 by more than its margin at this level.

        Images and repeats have quantiles of their own, and the squares of their margins add up (Zou and Donner 2008).
        """
        square = NormalDist().inv_cdf(level) ** 2 * self.layout.image_variance
        if self.degrees:
            square += t_quantile(level, self.degrees) ** 2 * self.layout.repeat_variance
        return self.layout.mean > math.sqrt(self.inflation * square)


def _compare(answers: Mapping[int, Values], best: int, other: int, pooled: _Pooled) -> _Comparison:
    """Compare two finalists in the repeats that both have."""
    n = min(len(answers[best]), len(answers[other]))
    layout = analyse(difference(answers[best][:n], answers[other][:n]))
    of_repeats = max(layout.of_repeats, pooled.square / layout.images)
    return _Comparison(layout=replace(layout, of_repeats=of_repeats), degrees=pooled.degrees)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pooled:
    """How much the difference of two finalists varies between repeats, from all finalists.

    Attributes:
        square: variance of the difference of their numbers of right images.
        degrees: its degrees of freedom; 0 if no round had two finalists and two repeats.
    """

    square: float
    degrees: int


def _pool(answers: Mapping[int, Values]) -> _Pooled:
    """Pool the finalists x repeats interaction of all rounds: in each, those who took part had the same repeats."""
    ends = sorted({len(rows) for rows in answers.values()})
    squares, degrees = 0.0, 0
    for start, end in itertools.pairwise([0, *ends]):
        table = np.array([sums_of(rows[start:end]) for rows in answers.values() if len(rows) >= end])
        freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
        squares, degrees = squares + freedom * analyse(table).of_rest, degrees + freedom
    return _Pooled(square=2 * squares / max(1, degrees), degrees=degrees)
