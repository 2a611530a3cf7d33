"""The sampler `grid`: every configuration of an enumerable space in order, then from the start again."""

from __future__ import annotations

from packtune.proposals.given import NOTHING, Given
from packtune.proposals.one_by_one import OneByOneWindow
from packtune.proposals.proposer import Proposer, Suggestion
from packtune.space.space import Space
from packtune.trial import Outcome

# Nothing is learnt, so a large window costs nothing, and it fills the packs.
WINDOW = 256


class GridProposer(Proposer):
    """Gives its n-th trial the n-th configuration of the space, modulo their number.

    Raises:
        SpaceError: the space is continuous or too large.
    """

    def __init__(self, space: Space) -> None:
        self._rows = space.enumerate()
        self._given = NOTHING

    def prepare(self, given: Given) -> None:
        self._given = given

    def add(self, number: int, suggestion: Suggestion) -> None:
        """Keep nothing: the number of a trial decides its configuration."""

    def tell(self, number: int, outcome: Outcome) -> None:
        """Learn nothing."""

    def window(self, first: int, pack: int) -> OneByOneWindow:
        return OneByOneWindow(first, WINDOW, self._suggest)

    def _suggest(self, number: int) -> Suggestion:
        place = number - self._given.tried_before(number)
        return Suggestion(values=self._rows[place % len(self._rows)])
