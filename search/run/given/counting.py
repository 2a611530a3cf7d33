"""How many trials a search has, of what, and whether they are confirmed: from what was asked for."""

from __future__ import annotations

from packtune.errors import SettingsError
from packtune.protocol import Protocol
from packtune.settings import DEFAULT_TRIALS

MIN_CONFIRMED = 8
"""Trials from which on a search is confirmed unless asked otherwise: of fewer, luck has little to choose from."""


def count_trials(given: int | None, listed: int | None, tries: int) -> int:
    """Give the number of trials: as asked, or all of a list, or the default.

    Args:
        listed: trials of the list, if there is one.
        tries: trials that come before those of the sampler.

    Raises:
        SettingsError: fewer were asked for than are tried first.
    """
    if given is not None and 0 < given < tries:
        raise SettingsError(
            f"trials = {given} is not allowed with {tries} configurations to try first: give {tries} or more"
        )
    if listed is None:
        return max(DEFAULT_TRIALS, tries) if given is None else given
    return listed + tries if given is None else min(given, listed + tries)


def confirms(asked: bool | None, finalists: int | None, trials: int, protocol: Protocol) -> bool:
    """Tell whether a search is confirmed: as asked, or where there is something to choose from.

    Raises:
        SettingsError: options contradict each other.
    """
    if asked and protocol is Protocol.NOTEBOOK:
        raise SettingsError("confirm is not allowed in the protocol notebook, which has no fresh order of the images")
    if asked is False and finalists is not None:
        raise SettingsError(f"finalists = {finalists} is not allowed without confirm: leave one of the two out")
    if asked is not None or protocol is Protocol.NOTEBOOK:
        return bool(asked)
    return finalists is not None or trials >= MIN_CONFIRMED


def check_replicates(replicates: int, *, halving: bool) -> None:
    """Refuse replicates that make no sense.

    Args:
        halving: whether the trials of a list are stopped early.

    Raises:
        SettingsError: there are none, or only the best of them would be trained to the end.
    """
    if replicates < 1:
        raise SettingsError(f"replicates = {replicates} is not allowed: give 1 or more")
    if replicates > 1 and halving:
        raise SettingsError(
            f"replicates = {replicates} is not allowed with halving, which would leave only the luckiest of them in "
            "the mean: leave --halving out"
        )
