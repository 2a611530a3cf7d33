"""By how much the winner won: in words, against the finalist next to it, and why a higher mean may stand below it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from packtune.report.facts.leaders import LeaderFacts
from packtune.report.facts.report import ReportFacts
from packtune.report.page.words import is_better, score_text


def margin_words(facts: ReportFacts) -> list[str]:
    """Say how far the finalists are from the winner, each a sentence; nothing before selection, and of one finalist."""
    finalists = [row for row in facts.leaderboard if row.is_finalist and row.score is not None]
    if not facts.run.is_decided or len(finalists) < 2 or not finalists[0].is_winner:
        return []
    winner, others = finalists[0], finalists[1:]
    return [_next(facts, winner, others[0]), *_higher(facts, winner, others)]


def _next(facts: ReportFacts, winner: LeaderFacts, other: LeaderFacts) -> str:
    told = "They cannot be told apart" if other.is_tied else "That is more than chance"
    return (
        f"In selection, trial {winner.trial} had a validation {facts.metric.in_words} of {_mean(winner)}; the next, "
        f"trial {other.trial}, had {_mean(other)}. {told}."
    )


def _higher(facts: ReportFacts, winner: LeaderFacts, others: Sequence[LeaderFacts]) -> Iterator[str]:
    """Explain each mean that is better than the winner's, where the trainings that both had explain it."""
    ends = {each.trial: [curve[-1][1] for curve in each.curves if curve] for each in facts.finalists}
    for other in others:
        theirs, ours = ends.get(other.trial, []), ends.get(winner.trial, [])
        assert other.score is not None and winner.score is not None
        better = is_better(facts.metric, other.score.mean, winner.score.mean)
        if not better or not 0 < len(theirs) < len(ours):
            continue
        shared = math.fsum(ours[: len(theirs)]) / len(theirs)
        yield (
            f"Trial {other.trial} has the better mean, but over its first {len(theirs)} trainings only: in these, "
            f"trial {winner.trial} had {score_text(shared)}. Further trainings changed its mean."
        )


def _mean(row: LeaderFacts) -> str:
    assert row.score is not None
    times = "1 training" if row.score.trainings == 1 else f"{row.score.trainings} trainings"
    return f"{score_text(row.score.mean)} over {times}"
