"""How much each hyperparameter matters, from the trials of a search."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.models.configuration import Configuration, Value
from packtune.proposals.from_optuna.importance import LEAST_TRIALS, TriedValues, judge_importance
from packtune.report.facts.hyperparameters import ImportanceFacts
from packtune.report.facts.making.tried import condition_of
from packtune.report.facts.report import NoteFacts
from packtune.space.space import Space
from packtune.trial import TrialRecord

ROUGH_TRIALS = 50
"""With fewer trials the best tenth has fewer than five."""


def importance_facts(space: Space, records: Sequence[TrialRecord]) -> tuple[ImportanceFacts, ...]:
    """Judge the dimensions of a space by the trials that have ended; a trial that diverged or failed is the worst.

    Trials that the space would not propose, as a user may give them, do not count.
    """
    by_key = {dimension.key: dimension for dimension in space.dimensions}
    return tuple(
        ImportanceFacts(
            hyperparameter=by_key[each.key].name,
            condition=condition_of(by_key[each.key]),
            trials=each.trials,
            share=each.share,
        )
        for each in judge_importance(space, tried_values(space, records))
    )


def tried_values(space: Space, records: Sequence[TrialRecord]) -> list[TriedValues]:
    """List the values of the trials that have ended, by the keys of the dimensions."""
    found = []
    for record in records:
        values = None if record.outcome is None else _proposed(space, record.proposal.configuration)
        if record.outcome is not None and values is not None:
            found.append(TriedValues(values=values, merit=record.outcome.merit))
    return found


def _proposed(space: Space, configuration: Configuration) -> dict[str, Value] | None:
    """Give the values with which the space proposes a configuration, by keys; none if it never does."""
    known = {**configuration.as_dict(), **configuration.own}
    values = space.choose(lambda dimension: known[dimension.name])
    if not all(each.domain.has(values[each.key]) for each in space.dimensions if each.key in values):
        return None
    return values if space.configuration_of(values).used() == configuration.used() else None


def importance_notes(importance: Sequence[ImportanceFacts], *, ended: int) -> list[NoteFacts]:
    """Say why nothing is known of importance, or how sure it is.

    Args:
        ended: trials with an outcome.
    """
    if not importance:
        text = f"Importance is judged from {LEAST_TRIALS} trials on; {ended} have ended."
        return [NoteFacts(section="importance", text=text)] if ended < LEAST_TRIALS else []
    if ended >= ROUGH_TRIALS:
        return []
    return [NoteFacts(section="importance", text=f"From {ended} trials importance is a rough guess.")]
