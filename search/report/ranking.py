"""The rows of a leaderboard, one a configuration, ordered by their score on validation alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from packtune.confirmation.estimate import Estimate
from packtune.confirmation.verdict import Finalist, Verdict
from packtune.data.description import Description
from packtune.models.architectures.build import count_parameters
from packtune.models.configuration import Configuration
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.score import mean_score
from packtune.trial import Accuracy, TrialRecord, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What selection, and for the winner the report, say about a configuration.

    Attributes:
        place: in selection's order, from 0.
        spread: its score on validation over trainings from fresh seeds; none before there are any.
        tied: whether it cannot be told from the best.
        test: of the winner, its expected score on test images over the trainings of the report.
    """

    place: int
    spread: Estimate | None
    tied: bool
    test: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One configuration of one run.

    Attributes:
        trial, seed: number and seed of the first trial in the mean; a trial that did not diverge comes first.
        replicates: trials of the configuration that are in the mean.
        diverged: how many of these diverged. They count as the worst in the mean, unless all of them diverged.
        validation, test: means over the replicates, 0 to 1; none if all failed or diverged.
        parameters: trainable numbers of the network; none if it cannot be built.
        confirmed: what the trainings from fresh seeds say; none for a configuration that was no finalist.
        metric: of its scores.
    """

    run: str
    data: Description
    trial: int
    state: TrialState
    epochs: int
    replicates: int
    diverged: int = 0
    validation: Accuracy | None
    test: Accuracy | None
    parameters: int | None
    configuration: Configuration
    seed: int
    confirmed: Confirmed | None = None
    metric: Metric = Metric.ACCURACY

    @property
    def score(self) -> float:
        """The score on validation, by the metric of the run; -1 if there is none."""
        return self.validation.score if self.validation else -1.0

    @property
    def merit(self) -> float:
        """What orders the rows: 0 to 1, larger is better; -1 if there is no score."""
        return self.metric.merit(self.validation.score) if self.validation else -1.0

    @property
    def place(self) -> int | None:
        """The place in selection's order, from 0; none without trainings from fresh seeds."""
        return self.confirmed.place if self.confirmed and self.confirmed.spread else None


def rank_rows(
    records: Iterable[TrialRecord], *, run: str, data: Description, metric: Metric = Metric.ACCURACY
) -> list[Row]:
    """Make the ordered rows of one run from its finished trials.

    All trials of one configuration share a row. It shows the mean of the trials that trained longest and of those that
    diverged, because a good configuration trains well from every seed.
    """
    groups: dict[Hashable, list[TrialRecord]] = {}
    for record in records:
        if record.outcome is not None:
            groups.setdefault(tuple(record.proposal.configuration.used().items()), []).append(record)
    return order_rows(_row(group, run=run, data=data, metric=metric) for group in groups.values())


def confirm_rows(rows: Sequence[Row], verdict: Verdict) -> list[Row]:
    """Put the finalists above all other rows, in selection's order, with the accuracies of their fresh trainings."""
    by_trial = {row.trial: row for row in rows}
    places = enumerate(verdict.finalists)
    finalists = [_confirm(by_trial.pop(each.candidate.trial), place, each, verdict) for place, each in places]
    return [*finalists, *by_trial.values()]


def _confirm(row: Row, place: int, finalist: Finalist, verdict: Verdict) -> Row:
    report = verdict.test if finalist.candidate == verdict.winner else None
    return replace(
        row,
        validation=finalist.validation or row.validation,
        test=finalist.test or row.test if report is None else verdict.test_mean,
        confirmed=Confirmed(place=place, spread=finalist.spread, tied=finalist.tied, test=report),
    )


def order_rows(rows: Iterable[Row]) -> list[Row]:
    """Order the rows of each data set, one data set after the other; test accuracy plays no part.

    Finalists with trainings from fresh seeds come first, by the mean of these; those of one run stay in selection's
    order. Then rows go by their score on validation, ties by trial number. Of several runs with the same configuration,
    trained as long, a row is never above one that is the mean of more trials: a single seed may be lucky.
    """
    given = list(rows)
    finalists = _order_finalists([row for row in given if row.place is not None])
    explored = _order_explored([row for row in given if row.place is None])
    return sorted([*finalists, *explored], key=lambda row: _data_key(row.data))  # which is stable


def _order_finalists(rows: Sequence[Row]) -> list[Row]:
    """Order finalists of several runs: none stands above one that its own run prefers to it."""
    bounds: dict[Hashable, float] = {}
    keys: dict[Hashable, tuple[float, int, str]] = {}
    for row in sorted(rows, key=lambda row: row.place or 0):
        run = row.data, row.run
        bounds[run] = min(row.merit, bounds.get(run, 1.0))
        keys[*run, row.trial] = -bounds[run], row.place or 0, row.run
    return sorted(rows, key=lambda row: keys[row.data, row.run, row.trial])


def _data_key(data: Description) -> tuple[str, str]:
    return data.name, data.fingerprint


def _order_explored(rows: Sequence[Row]) -> list[Row]:
    means: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        means[_sameness(row)].append(row)

    def place(row: Row) -> tuple[float, bool, int, str]:
        surer = [other.merit for other in means[_sameness(row)] if other.replicates > row.replicates]
        bound = min([row.merit, *surer])
        return -bound, bound < row.merit, row.trial, row.run

    return sorted(rows, key=place)


def _sameness(row: Row) -> Hashable:
    return row.data, row.state, row.epochs, tuple(row.configuration.used().items())


def _row(records: Sequence[TrialRecord], *, run: str, data: Description, metric: Metric) -> Row:
    farthest = max(map(_depth, records))
    peers = [record for record in records if _depth(record) == farthest]
    first = peers[0]
    assert first.outcome is not None
    diverged = sum(record.state is TrialState.DIVERGED for record in records)
    alike = sum(record.state is first.state for record in records)
    # All trials count here, however long they trained: they tell how often the configuration trains at all.
    sound = alike / (alike + diverged) if first.state in (TrialState.PRUNED, TrialState.COMPLETE) else 1.0
    replicates = len(peers) + (diverged if sound < 1 else 0)
    return Row(
        run=run,
        data=data,
        trial=first.proposal.number,
        state=first.state,
        epochs=first.outcome.epochs,
        replicates=replicates,
        diverged=0 if first.state is TrialState.FAIL else diverged,
        validation=_mean([record.outcome.validation for record in peers if record.outcome], sound, metric),
        test=_mean([record.outcome.test for record in peers if record.outcome], sound, metric),
        parameters=_parameters(first, data),
        configuration=first.proposal.configuration,
        seed=first.proposal.seed,
        metric=metric,
    )


STATES = (TrialState.FAIL, TrialState.DIVERGED, TrialState.PRUNED, TrialState.COMPLETE)
"""The end states of a trial; a later one says more about the configuration."""


def _depth(record: TrialRecord) -> tuple[int, int]:
    """Order trials by how long they trained; those without accuracies differ by their state alone."""
    assert record.outcome is not None
    measured = record.state in (TrialState.PRUNED, TrialState.COMPLETE)
    return STATES.index(record.state), record.outcome.epochs if measured else 0


def _mean(accuracies: Sequence[Accuracy | None], share: float, metric: Metric) -> Accuracy | None:
    """Average the accuracies of some trials, and their scores by another metric.

    Args:
        share: of these trials among all, 0 to 1; the others diverged, and count as the worst.
    """
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    if len(known) < len(accuracies) or not known:
        return None
    heads = zip(*(accuracy.heads for accuracy in known), strict=True)
    return Accuracy(
        joint=share * math.fsum(accuracy.joint for accuracy in known) / len(known),
        heads=tuple(share * math.fsum(values) / len(known) for values in heads),
        measured=mean_score([each.measured for each in known if each.measured], share=share, metric=metric),
    )


def _parameters(record: TrialRecord, data: Description) -> int | None:
    configuration = record.proposal.configuration
    if configuration.is_own:
        return record.outcome.network.parameters if record.outcome and record.outcome.network else None
    try:
        return count_parameters(configuration, input_shape=data.input_shape, outputs=data.outputs)
    except ValueError:
        return None
