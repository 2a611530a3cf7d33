"""All that a user gives a search to begin with, gathered for one space and one data set, and told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from packtune.data.description import Description
from packtune.errors import SettingsError
from packtune.models.configuration import Configuration
from packtune.proposals.catalog import find_sampler
from packtune.proposals.given import EarlierTrial, Given, Tries
from packtune.run.given.earlier import EarlierRun
from packtune.run.given.tries import Try, complete_tries, describe_outside
from packtune.settings import SearchPlan
from packtune.space.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for, read but not yet fitted to a space.

    Attributes:
        tries: configurations to try first.
        runs: earlier ones, whose finalists are tried after these.
    """

    tries: Sequence[Try] = ()
    runs: Sequence[EarlierRun] = ()

    def gather(
        self, space: Space, plan: SearchPlan, data: Description, *, first: int = 0, say: Callable[[str], None]
    ) -> Given:
        """Complete it for a search.

        Args:
            plan: of the search, which decides what an earlier run can teach it; its data may be others.
            first: number of the first trial that tries it.
            say: told what is known from earlier runs, and what is tried although the space never proposes it.

        Raises:
            SettingsError: a configuration is not allowed, or cannot be trained on the data.
        """
        asked = [*complete_tries(self.tries, space, data)]
        earlier: list[EarlierTrial] = []
        for run in self.runs:
            finalists = _trainable(run, space, data, say)
            taught, line = _taught(run, space, plan, data)
            say(f"From the run {run.name}: {_count(len(finalists), 'finalist')} tried first; {line}.")
            asked += [each for each in finalists if all(each.used() != known.used() for known in asked)]
            earlier += taught
        configurations = _unlisted(asked, space, say) if find_sampler(plan.sampler).lists else tuple(asked)
        for line in filter(None, (describe_outside(space, each) for each in configurations)):
            say(line)
        tries = (Tries(first=first, configurations=configurations),) if configurations else ()
        return Given(tries=tries, earlier=tuple(earlier))


def _trainable(
    run: EarlierRun, space: Space, data: Description, say: Callable[[str], None]
) -> tuple[Configuration, ...]:
    """List the finalists of an earlier run that can be trained on the data."""
    kept: list[Configuration] = []
    for each in run.finalists:
        try:
            kept += complete_tries([Try(source=f"from {run.name}", values=each.used())], space, data)
        except SettingsError as error:
            say(f"Left out: {error}")
    return tuple(kept)


def _taught(run: EarlierRun, space: Space, plan: SearchPlan, data: Description) -> tuple[list[EarlierTrial], str]:
    """Give what the sampler learns from the trials of an earlier run, and say it."""
    if other := run.differs_in(plan, data, version("packtune")):
        return [], f"its trials teach nothing more, as they have other {other}"
    if not find_sampler(plan.sampler).takes_over:
        return [], f"the sampler {plan.sampler} learns nothing from its trials"
    taught = run.taught(space)
    return taught, f"the sampler knows {len(taught)} of its {_count(len(run.records), 'trial')}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _unlisted(
    configurations: Sequence[Configuration], space: Space, say: Callable[[str], None]
) -> tuple[Configuration, ...]:
    left = tuple(each for each in configurations if space.values_of(each) is None)
    if n := len(configurations) - len(left):
        say(f"{n} of the configurations to try first {'is' if n == 1 else 'are'} on the list, in its order.")
    return left
