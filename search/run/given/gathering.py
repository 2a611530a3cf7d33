"""All that a user gives a search to begin with, gathered for one space and one data set, and told."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.data.description import Description
from packtune.models.configuration import Configuration
from packtune.proposals.catalog import find_sampler
from packtune.proposals.given import Given, Tries
from packtune.report.progress import ProgressView
from packtune.run.given.tries import Try, complete_tries, describe_outside
from packtune.space.space import Space


def gather(tries: Sequence[Try], space: Space, data: Description, *, sampler: str, view: ProgressView) -> Given:
    """Complete what was given.

    Args:
        tries: configurations to try first.
        sampler: of the search; one that tries a list in full has the list's own configurations already.
        view: told what is tried first although the space never proposes it.

    Raises:
        SettingsError: a configuration is not allowed, or cannot be trained on the data.
    """
    configurations = complete_tries(tries, space, data)
    if find_sampler(sampler).lists:
        configurations = _unlisted(configurations, space, view)
    for configuration in configurations:
        if line := describe_outside(space, configuration):
            view.say(line)
    return Given(tries=(Tries(first=0, configurations=configurations),) if configurations else ())


def _unlisted(configurations: Sequence[Configuration], space: Space, view: ProgressView) -> tuple[Configuration, ...]:
    left = tuple(each for each in configurations if space.values_of(each) is None)
    if n := len(configurations) - len(left):
        view.say(f"{n} of the configurations to try first {'is' if n == 1 else 'are'} on the list, in its order.")
    return left
