"""How the rows of a leaderboard came about, in a sentence: how many trainings, images and looks at test images."""

from __future__ import annotations

from collections.abc import Sequence

from packtune.confirmation.verdict import Verdict
from packtune.report.ranking import Row
from packtune.settings import SearchPlan


def describe_method(plan: SearchPlan, rows: Sequence[Row], verdict: Verdict | None) -> str:
    """Say what was done to get the rows, for the head of a leaderboard.

    Args:
        verdict: what the confirmation found; none if there is none yet.
    """
    images = plan.description.n_validation
    explored = f"{len(rows)} configurations were ordered by their accuracy on {images:,} validation images"
    unread = "Test accuracies played no part in this order."
    if verdict is None:
        return f"{explored}. The first of them is the luckiest too: its accuracy is optimistic. {unread}"
    return "; ".join([explored, *_selected(verdict), *_reported(verdict)]) + f". {unread}"


def _selected(verdict: Verdict) -> list[str]:
    most = max((each.spread.trainings for each in verdict.finalists if each.spread), default=0)
    if not most:
        return []
    return [
        f"the best {len(verdict.finalists)} were trained again, up to {most} times, from fresh seeds, and this alone "
        "orders them; a finalist marked `tie` cannot be told from the best at 95%"
    ]


def _reported(verdict: Verdict) -> list[str]:
    test = verdict.test
    if test is None:
        return []
    times = "once" if test.trainings == 1 else f"{test.trainings} times"
    return [
        f"trial {verdict.winner.trial} was then trained {times} from further seeds, for its accuracy on "
        f"{test.images:,} test images, which were looked at once for it"
    ]
