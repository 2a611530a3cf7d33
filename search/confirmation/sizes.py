"""How many trainings confirm a winner: a part of what exploration cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHARE = 0.2  # of what exploration cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A round of selection.

    Attributes:
        finalists: how many take part, 1 or more.
        repeats: fresh trainings of each of them in this round; 0 where there is nobody to compare with.
    """

    finalists: int
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many trainings each stage has.

    Attributes:
        rounds: of the selection, 1 or more. The last one has the best finalist alone, to see whether it trains from
            further seeds as well. A single finalist has one round without repeats.
        replicates: fresh trainings of the winner for the report, 1 or more.
    """

    rounds: tuple[Round, ...]
    replicates: int

    @property
    def finalists(self) -> int:
        """How many configurations are trained again."""
        return self.rounds[0].finalists

    @property
    def trainings(self) -> int:
        """How many full trainings both stages have."""
        return sum(round.finalists * round.repeats for round in self.rounds) + self.replicates

    def cost(self, costs: Sequence[float]) -> float:
        """Bound the cost of both stages: each round, and the report, may have the dearest that could take part.

        Args:
            costs: of one full training of each candidate, exploration's best first; at least as many as finalists.
        """
        dearest = sorted(costs[: self.finalists], reverse=True)
        selection = sum(round.repeats * math.fsum(dearest[: round.finalists]) for round in self.rounds)
        return selection + self.replicates * dearest[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the ladder.

    Attributes:
        finalists: of the first round; each further round has half of them, at least two.
        rounds: how many rounds there are at most, before the one that the best finalist has alone.
        repeats: fresh trainings of each finalist in each round.
        replicates: trainings of the report.
    """

    finalists: int
    rounds: int
    repeats: int
    replicates: int


LADDER = (
    Step(finalists=3, rounds=1, repeats=2, replicates=4),
    Step(finalists=4, rounds=1, repeats=2, replicates=4),
    Step(finalists=4, rounds=2, repeats=2, replicates=5),
    Step(finalists=6, rounds=3, repeats=2, replicates=6),
    Step(finalists=8, rounds=3, repeats=2, replicates=8),
    Step(finalists=16, rounds=4, repeats=2, replicates=10),
    Step(finalists=16, rounds=4, repeats=4, replicates=16),
)
"""From the smallest to the largest: 12, 14, 19, 30, 38, 72 and 140 trainings.

Chosen by simulation (tests/benchmarks/winner/simulate.py). For as many trainings, more finalists trained twice won more
than fewer trained more often, and halving them more than one long round. Where configurations collapse from some seeds,
two further trainings of the best alone won more than a fourth finalist: a configuration that collapses from 3 seeds of
10 passes two trainings in half of all cases, and four in a quarter. A single repeat in a round would not tell how much
the seed matters, and ties would be missed. With 3 replicates the interval of the report held the truth in fewer than
93 of 100 cases where seed and images matter alike; 4 are enough.
"""


def choose_sizes(*, costs: Sequence[float], spent: float, finalists: int | None, replicates: int | None) -> Sizes:
    """Choose the sizes of selection and report: the largest step of the ladder that costs at most 20% of the search.

    The smallest step is always taken, whatever it costs: fewer trainings would not find out a configuration that does
    not train from every seed.

    Args:
        costs: of one full training of each candidate, exploration's best first; at least one, each 0 or more.
        spent: what exploration cost, in the same unit.
        finalists: how many are wanted, 1 or more; no more than there are candidates take part. None: as affordable.
        replicates: how many trainings the report is wanted to have, 1 or more. None: as affordable.

    Raises:
        ValueError: if there is no candidate, or if a number is below 1.
    """
    if not costs:
        raise ValueError("no candidate is left to confirm: give the cost of at least one")
    if any(wanted is not None and wanted < 1 for wanted in (finalists, replicates)):
        raise ValueError(f"{finalists} finalists and {replicates} replicates: give numbers from 1")
    ladder = [_sizes(step, len(costs), finalists, replicates) for step in LADDER]
    affordable = [sizes for sizes in ladder if sizes.cost(costs) <= SHARE * spent]
    return max(affordable, key=lambda sizes: sizes.trainings, default=ladder[0])


def least_sizes(*, finalists: int | None, replicates: int | None) -> Sizes:
    """Give the smallest sizes that a search of many trials may have; arguments as in `choose_sizes`."""
    return _sizes(LADDER[0], finalists or LADDER[0].finalists, finalists, replicates)


def _sizes(step: Step, candidates: int, finalists: int | None, replicates: int | None) -> Sizes:
    first = min(finalists or step.finalists, candidates)
    rounds = tuple(_rounds(first, step.rounds, step.repeats))
    return Sizes(rounds=rounds, replicates=replicates or step.replicates)


def _rounds(finalists: int, rounds: int, repeats: int) -> Iterator[Round]:
    """Halve the finalists from round to round, down to two, and leave the last round to the best alone."""
    yield Round(finalists=finalists, repeats=repeats if finalists > 1 else 0)
    if finalists > 2 and rounds > 1:
        yield from _rounds(math.ceil(finalists / 2), rounds - 1, repeats)
    elif finalists > 1:
        yield Round(finalists=1, repeats=repeats)
