"""Which network of a winner is exported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which network is exported; that which the run kept if neither is asked for.

    Attributes:
        retrain: trained on the training and the validation examples, from a fresh seed.
        ensemble: several networks of the winner's configuration, which answer by the mean of their probabilities.
    """

    retrain: bool = False
    ensemble: bool = False

    @property
    def trains(self) -> bool:
        """Tell whether a network is made that the search did not make."""
        return self.retrain or self.ensemble
