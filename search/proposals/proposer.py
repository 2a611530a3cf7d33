"""What every sampler offers: windows of trials, each proposed in two steps. Knows nothing of Optuna or Ray."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from packtune.models.configuration import Configuration, Value
from packtune.proposals.given import Given
from packtune.space.space import Space
from packtune.trial import Outcome

TRIED = "tried"
"""The attribute with all values of a trial that a user gave and the space never proposes."""
Capacity = Callable[[Configuration], int]
"""Gives the largest number of members of a pack with a configuration, 1 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The values of one trial that is not open yet.

    Attributes:
        values: by the name of the hyperparameter; only those whose condition holds.
        attributes: what the sampler needs again when the search is resumed, in JSON's types.
    """

    values: Mapping[str, Value]
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_outside(self) -> bool:
        """Tell whether the space never proposes it."""
        return TRIED in self.attributes

    def again(self) -> Suggestion:
        """Give another trial of the same configuration."""
        return Suggestion(
            values=self.values, attributes={name: value for name, value in self.attributes.items() if name == TRIED}
        )


def suggest_tried(space: Space, configuration: Configuration) -> Suggestion:
    """Give the trial of a configuration that a user gave.

    One that the space never proposes has no values, as a study holds none outside its space: an attribute has them.
    """
    values = space.values_of(configuration)
    outside = {TRIED: configuration.to_plain()}
    return Suggestion(values={}, attributes=outside) if values is None else Suggestion(values=values)


class Window(ABC):
    """Trials with consecutive numbers that are proposed together: a leader, then the others given the leader.

    Lifecycle: `leader`, `size` and `others`, in this order, each once.
    """

    @abstractmethod
    def leader(self) -> Suggestion:
        """Propose the first trial."""

    @abstractmethod
    def size(self, capacity: Capacity) -> int:
        """Choose the number of trials in the window, 1 or more, including the leader."""

    @abstractmethod
    def others(self, n: int) -> list[Suggestion]:
        """Propose the n trials after the leader, 0 or more."""


class Proposer(ABC):
    """Proposes the trials of one search.

    A proposal is a function of the seed, of the trials with lower numbers and of what was told before the window began.

    Lifecycle: `prepare`, once. `add` takes in each trial of the study, in the order of the numbers, whether this object
    proposed it or not. `tell` takes in each outcome. `window` begins the next proposals.
    """

    def prepare(self, given: Given) -> None:  # noqa: B027 a sampler may do without
        """Take in what a user gave to begin with, before anything else."""

    @abstractmethod
    def add(self, number: int, suggestion: Suggestion) -> None:
        """Take in an open trial; of one outside the space nothing is learnt. One taken in before is left as it is.

        Raises:
            ValueError: a value lies outside the space, and the trial does not say so.
        """

    @abstractmethod
    def tell(self, number: int, outcome: Outcome) -> None:
        """Take in the outcome of a trial."""

    @abstractmethod
    def window(self, first: int, pack: int) -> Window:
        """Begin the next window.

        Args:
            first: number of its first trial; all trials with lower numbers were added.
            pack: number of its first pack.
        """


class NarrowedProposer(Proposer):
    """Proposes from a part of a search's space: of trials outside that part, nothing is learnt.

    Args:
        proposer: of that part.
    """

    def __init__(self, proposer: Proposer, part: Space) -> None:
        self._proposer = proposer
        self._part = part

    def prepare(self, given: Given) -> None:
        inside = tuple(each for each in given.earlier if self._part.has(each.values))
        self._proposer.prepare(replace(given, earlier=inside))

    def add(self, number: int, suggestion: Suggestion) -> None:
        inside = self._part.has(suggestion.values)
        self._proposer.add(number, suggestion if inside else Suggestion(values={}, attributes={TRIED: {}}))

    def tell(self, number: int, outcome: Outcome) -> None:
        self._proposer.tell(number, outcome)

    def window(self, first: int, pack: int) -> Window:
        return self._proposer.window(first, pack)


def propose(proposer: Proposer, *, first: int, pack: int, left: int, capacity: Capacity) -> list[Suggestion]:
    """Propose the trials of the next window, in the order of their numbers.

    Args:
        first: number of the first trial.
        pack: number of the first pack.
        left: the largest number of trials, 1 or more.
    """
    window = proposer.window(first, pack)
    leader = window.leader()
    return [leader, *window.others(min(window.size(capacity), left) - 1)]
