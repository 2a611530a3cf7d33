"""The leaderboard, the winner and what configurations cost, as facts. Test scores appear once the winner is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from packtune.confirmation.estimate import Estimate, interval_of_one
from packtune.models.training.metrics.catalog import Metric
from packtune.report.facts.leaders import Interval, LeaderFacts, TradePoint, WinnerFacts
from packtune.report.facts.making.tried import Tried
from packtune.report.ranking import Row
from packtune.report.winner import Winner
from packtune.report.words import describe_winner, space_of
from packtune.settings import SearchPlan
from packtune.trial import TrialState


def leader_facts(
    rows: Sequence[Row], winner: Winner | None, plan: SearchPlan, tried: Tried, *, is_decided: bool
) -> tuple[LeaderFacts, ...]:
    """Give the rows of the leaderboard.

    Args:
        rows: ordered, the best first.
        is_decided: whether the winner is final; only then the rows have what test examples say.
    """
    ties = {row.trial for row in winner.ties} if winner else set()
    first = winner.row.trial if winner else None
    return tuple(
        LeaderFacts(
            rank=rank,
            trial=row.trial,
            state=row.state.value,
            epochs=row.epochs,
            replicates=row.replicates,
            score=_score(row, plan),
            accuracy=row.validation.joint if row.validation else None,
            test=row.test.score if is_decided and row.test else None,
            test_interval=_interval(row.confirmed.test) if is_decided and row.confirmed else None,
            is_finalist=row.place is not None,
            is_winner=row.trial == first,
            is_tied=row.trial in ties,
            parameters=row.parameters,
            values=tried.values(row.configuration),
            seed=row.seed,
        )
        for rank, row in enumerate(rows, 1)
    )


def winner_facts(winner: Winner, *, is_decided: bool) -> WinnerFacts:
    """Give the facts of the winner, or of what is ahead so far."""
    shown = winner if is_decided else replace(winner, row=replace(winner.row, test=None))
    verdict = winner.verdict if is_decided else None
    return WinnerFacts(
        trial=winner.row.trial,
        configuration=tuple(winner.row.configuration.used().items()),
        score=_interval(verdict.test) if verdict else None,
        accuracy=_interval(verdict.test_accuracy) if verdict else None,
        model_test=_interval(verdict.best_test) if verdict else None,
        ties=tuple(row.trial for row in winner.ties),
        smallest_tie=winner.smallest_tie.trial if winner.smallest_tie else None,
        lines=tuple(describe_winner(shown).split("\n")),
        space=space_of(winner.row),
    )


def trade_points(rows: Iterable[Row], cost_of: Callable[[Row], float | None], metric: Metric) -> tuple[TradePoint, ...]:
    """Give complete configurations by what they cost, those of the lowest cost first, with the Pareto front marked.

    Args:
        cost_of: of a row; none where it is not known.
    """
    known = [(cost, row) for row in rows if _is_complete(row) and (cost := cost_of(row)) is not None]
    points, best = [], -1.0
    for cost, row in sorted(known, key=lambda each: (each[0], -each[1].merit, each[1].trial)):
        points.append(
            TradePoint(
                trial=row.trial,
                cost=cost,
                score=row.score,
                is_finalist=row.place is not None,
                on_front=metric.merit(row.score) > best,
            )
        )
        best = max(best, metric.merit(row.score))
    return tuple(points)


def _is_complete(row: Row) -> bool:
    return row.state is TrialState.COMPLETE and row.validation is not None


def _score(row: Row, plan: SearchPlan) -> Interval | None:
    """Give the score of a row on validation: over its fresh trainings, or of the validation examples alone."""
    if row.validation is None:
        return None
    if row.confirmed is not None and row.confirmed.spread is not None:
        return _interval(row.confirmed.spread)
    examples = plan.protocol.evaluated(plan.description.n_validation, row.configuration.batch_size)
    low, high = interval_of_one(row.metric, row.validation, examples)
    return Interval(
        mean=row.score, low=low, high=high, trainings=row.replicates, collapsed=row.diverged, examples=examples
    )


def _interval(estimate: Estimate | None) -> Interval | None:
    if estimate is None:
        return None
    return Interval(
        mean=estimate.mean,
        low=estimate.low,
        high=estimate.high,
        trainings=estimate.trainings,
        collapsed=estimate.collapsed,
        examples=estimate.images,
    )
