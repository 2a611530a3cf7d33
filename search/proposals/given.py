"""What a user gives a search to begin with: configurations to try first, and what an earlier search found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packtune.models.configuration import Configuration, Value
from packtune.trial import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Configurations that are tried one after another.

    Attributes:
        first: number of the first trial.
    """

    first: int
    configurations: tuple[Configuration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTrial:
    """A trial of another search on the same data, trained alike.

    Attributes:
        values: by the name of the hyperparameter, as the space of this search proposes them.
        outcome: without what test images say.
    """

    values: Mapping[str, Value]
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """All that was given.

    Attributes:
        tries: in the order of their first trials, which do not overlap.
        earlier: what the sampler knows besides the trials of its own search.
    """

    tries: tuple[Tries, ...] = ()
    earlier: tuple[EarlierTrial, ...] = ()

    def tried_from(self, number: int) -> Sequence[Configuration]:
        """List the configurations for the trials from a number on; none if that trial is the sampler's."""
        for tries in self.tries:
            if tries.first <= number < tries.first + len(tries.configurations):
                return tries.configurations[number - tries.first :]
        return ()

    def tried_after(self, number: int) -> Sequence[int]:
        """List the trials after a number at which the sampler is interrupted."""
        return [tries.first for tries in self.tries if tries.first > number]

    def tried_before(self, number: int) -> int:
        """Count the trials with lower numbers that are none of the sampler's."""
        return sum(min(len(each.configurations), max(0, number - each.first)) for each in self.tries)


NOTHING = Given()
"""Nothing was given: the sampler proposes every trial, and knows those of its own search."""
