"""The difference of two expected scores, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Pairing(StrEnum):
    """What two groups of trainings have in common."""

    IMAGES_AND_SEEDS = "images and seeds"
    IMAGES = "images"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The expected score of one configuration less that of another.

    Attributes:
        mean: of the scores, -1 to 1; of a log-loss, in nats.
        low, high: 95% interval of the difference.
        pairing: by which the two were compared.
        trainings: of the first and of the second.
    """

    mean: float
    low: float
    high: float
    pairing: Pairing
    trainings: tuple[int, int]

    @property
    def is_certain(self) -> bool:
        """Tell whether chance does not explain the difference at 95%."""
        return self.low > 0 or self.high < 0

    @property
    def is_blind(self) -> bool:
        """Tell whether one of the two was trained once, so that nothing tells what another seed would change."""
        return min(self.trainings) == 1
