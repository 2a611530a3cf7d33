"""Simulated searches in which half of the configurations collapse from a share of their seeds, to the level of a guess.

The rule of `packtune.confirmation` is compared with means of fresh trainings alone, as many or more of them.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from probit import Cell, Floats, Search, Seeds
from selecting import confirm, select_by_means
from table import Held, Row

from packtune.confirmation.estimate import estimate_accuracy
from packtune.confirmation.sizes import Round, Sizes

IMAGES = 2000  # test images
REPORTS = 4  # a search
CELLS = [
    Cell(spread=spread, seeds=Seeds(noise=0.1), validation=validation, resampled=validation == 270, collapse=collapse)
    for validation, spread, collapse in itertools.product((270, 6000), (0.05, 0.2), (0.1, 0.3, 0.5))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapses:
    """What one search found; accuracies are shares, those from all seeds unless said otherwise.

    Attributes:
        winner, by_means: true accuracies of the winner, and of the one that means alone would select.
        unsound, unsound_by_means: whether these collapse from some seeds.
        holds: whether the best finalist is in the tie set.
        errors: of the reports' means; the luck of the draw that can be known is taken out.
        seen: which reports had a training that collapsed.
        covered: which intervals held the truth; where no training of the report collapsed, that of the sound seeds.
    """

    winner: float
    by_means: float
    unsound: bool
    unsound_by_means: bool
    holds: bool
    errors: Floats
    seen: NDArray[np.bool_]
    covered: NDArray[np.bool_]


def means_alone(sizes: Sizes) -> Sizes:
    """Give the sizes of a selection without the round of the best alone: four finalists at least, as it was before."""
    rounds = sizes.rounds[:-1]
    return replace(sizes, rounds=(Round(finalists=4, repeats=2),) if len(rounds) == 1 else rounds)


def judge_reports(search: Search, k: int, trainings: int) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Report on a configuration several times: the errors, which collapsed, and which intervals held the truth."""
    tests = [search.test(k, repeats=trainings, images=IMAGES) for _ in range(REPORTS)]
    estimates = [estimate_accuracy(test) for test, _ in tests]
    errors = np.array([e.mean - search.truth[k] - luck for e, (_, luck) in zip(estimates, tests, strict=True)])
    seen = np.array([e.collapsed > 0 for e in estimates])
    targets = np.where(seen, search.truth[k], search.sound_truth[k])
    return errors, seen, np.array([e.low <= t <= e.high for e, t in zip(estimates, targets, strict=True)])


def search_once(cell: Cell, sizes: Sizes, rng: np.random.Generator) -> Collapses:
    """Explore, select in both ways, and report on the winner."""
    search = Search(cell, rng)
    scores = search.explore()
    by_means = select_by_means(search, means_alone(sizes), scores)
    configurations, judgement = confirm(search, sizes, scores)
    winner, truth = int(configurations[judgement.winner]), search.truth[configurations]
    errors, seen, covered = judge_reports(search, winner, sizes.replicates)
    return Collapses(
        winner=float(search.truth[winner]),
        by_means=float(search.truth[by_means]),
        unsound=bool(search.collapse[winner]),
        unsound_by_means=bool(search.collapse[by_means]),
        holds=bool(truth[list(judgement.ties)].max() == truth.max()),
        errors=errors,
        seen=seen,
        covered=covered,
    )


def simulate(sizes: Sizes, cells: Sequence[Cell], searches: int) -> list[list[Collapses]]:
    """Make the searches of all cells; each cell has random numbers of its own."""
    found = []
    for number, cell in enumerate(cells):
        rng = np.random.default_rng([1000 + number, sizes.trainings])
        found.append([search_once(cell, sizes, rng) for _ in range(searches)])
        print(f"  {number + 1} of {len(cells)} cells with collapses", file=sys.stderr, flush=True)
    return found


def rows(number: int, plan: str, found: Sequence[Sequence[Collapses]], machine: str, command: str) -> list[Row]:
    """Compare all cells with what they should reach; one value a cell.

    Args:
        found: the searches of each cell.
    """
    compared = [_gains(found), *_reports(found), _ties(found)]
    return [
        replace(
            each,
            number=number + place,
            what=f"half of the configurations collapse from some seeds: {each.what}; {plan}",
            machine=machine,
            command=command,
        )
        for place, each in enumerate(compared)
    ]


def _gains(found: Sequence[Sequence[Collapses]]) -> Row:
    gained = [100 * np.array([each.winner - each.by_means for each in cell]) for cell in found]
    gains = tuple(float(values.mean()) for values in gained)
    errors = [float(values.std(ddof=1)) / len(values) ** 0.5 for values in gained]
    unsound = [100 * np.mean([(e.unsound_by_means, e.unsound) for e in cell], axis=0) for cell in found]
    return Row(
        number=0,
        what="true accuracy of the winner",
        against="selection by means alone, without the round of the best alone",
        reach="> 0 on average, in no cell below 0 by more than 2 standard errors",
        values=gains,
        unit="points",
        held=_held([sum(gains) > 0, *(gain > -2 * error for gain, error in zip(gains, errors, strict=True))]),
        context=f"mean {np.mean(gains):+.2f} points, standard error of a cell {min(errors):.2f} to {max(errors):.2f}; "
        "winners that collapse from some seeds, by means and now, by cell: "
        + ", ".join(f"{by_means:.0f} % and {now:.0f} %" for by_means, now in unsound),
        machine="",
    )


def _reports(found: Sequence[Sequence[Collapses]]) -> list[Row]:
    biases = tuple(100 * float(np.mean([each.errors for each in cell])) for cell in found)
    plain, wide = (_coverages(found, seen) for seen in (False, True))
    bias = Row(
        number=0,
        what="bias of the reported accuracy",
        against="the truth",
        reach="<= 0.02 points either way in every cell",
        values=biases,
        unit="points",
        held=_held(abs(each) <= 0.02 for each in biases),
        machine="",
    )
    without = replace(
        bias,
        what="95% interval, where no training of the report collapsed",
        against="the true accuracy from the seeds that it does not collapse from",
        reach="93 to 97 % in every cell",
        values=plain,
        unit="%",
        held=_held(93 <= each <= 97 for each in plain),
    )
    within = replace(
        without,
        what="95% interval, where a training of the report collapsed",
        against="the truth",
        reach=">= 93 % in every cell",
        values=wide,
        held=_held(each >= 93 for each in wide),
        context="of the reports with a collapse alone",
    )
    return [bias, without, within]


def _ties(found: Sequence[Sequence[Collapses]]) -> Row:
    shares = tuple(100 * float(np.mean([each.holds for each in cell])) for cell in found)
    return Row(
        number=0,
        what="tie set holds the true best finalist",
        against="the truth",
        reach=">= 95 % in every cell",
        values=shares,
        unit="%",
        held=_held(share >= 95 for share in shares),
        machine="",
    )


def _held(conditions: Iterable[bool]) -> Held:
    return Held.YES if all(conditions) else Held.NO


def _coverages(found: Sequence[Sequence[Collapses]], seen: bool) -> tuple[float, ...]:
    chosen = [np.concatenate([each.covered[each.seen == seen] for each in cell]) for cell in found]
    return tuple(100 * float(covered.mean()) for covered in chosen if len(covered))
