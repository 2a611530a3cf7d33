"""How the rows of a leaderboard came about, in a sentence, and what simple methods reach beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from packtune.confirmation.verdict import Finalist, Verdict
from packtune.data.description import BaselineAccuracy
from packtune.models.training.metrics.catalog import Metric
from packtune.report.ranking import Row
from packtune.settings import SearchPlan
from packtune.trial import TrialRecord


def describe_method(plan: SearchPlan, rows: Sequence[Row], verdict: Verdict | None) -> str:
    """Say what was done to get the rows, for the head of a leaderboard.

    Args:
        verdict: what the confirmation found; none if there is none yet.
    """
    if not rows:
        return "No configuration has been trained yet."
    data = plan.description
    by = plan.metric.in_words
    explored = (
        f"{len(rows)} configurations were ordered by their {by} on {data.n_validation:,} validation {data.examples}"
    )
    unread = f"Test {_plural(plan.metric)} played no part in this order."
    if verdict is None:
        later = " Fresh trainings of the best are still to be done." * plan.confirm
        return f"{explored}. The first of them is the luckiest too: its {by} is optimistic.{later} {unread}"
    return "; ".join([explored, _selected(plan, verdict), _reported(verdict, data.examples)]) + f". {unread}"


def _selected(plan: SearchPlan, verdict: Verdict) -> str:
    n = len(verdict.finalists)
    fewer = f" ({plan.finalists} were wanted, and no more were trained to the end)" * (n < (plan.finalists or 0))
    if n == 1:
        return f"the best of them was the only finalist{fewer}: no other was trained again to compare it with"
    most = max((each.spread.trainings for each in verdict.finalists if each.spread), default=0)
    behind = ", and finalists that collapsed from some seed come last" * any(map(_collapsed, verdict.finalists))
    said = (
        f"the best {n}{fewer} were trained again, up to {most} times, from fresh seeds, and this alone orders them"
        f"{behind}; a finalist marked `tie` cannot be told from the best at 95%"
    )
    return said if verdict.has_selected else f"{said}; selection among them is not finished"


def _collapsed(finalist: Finalist) -> bool:
    return finalist.spread is not None and finalist.spread.collapsed > 0


def _reported(verdict: Verdict, examples: str) -> str:
    test, trial = verdict.test, verdict.winner.trial
    if test is None:
        return f"what trial {trial} is worth is not known yet, as its trainings from further seeds are still to be done"
    times = "once" if test.trainings == 1 else f"{test.trainings} times"
    said = (
        f"trial {trial} was then trained {times} from further seeds, for its {verdict.metric.in_words} on "
        f"{test.images:,} test {examples}, which were looked at once for it"
    )
    if test.trainings == 1:
        said += (
            f"; its interval is of the {examples} alone, as one training does not show what another seed would change"
        )
    return said + f"; it collapsed from {test.collapsed} of these seeds, which is counted" * (test.collapsed > 0)


def describe_ways(records: Iterable[TrialRecord]) -> str:
    """Say how networks of the user's own were trained, for the foot of a leaderboard; nothing of built-in ones."""
    networks = [record.outcome.network for record in records if record.outcome is not None]
    counts = Counter(network.training for network in networks if network is not None)
    said = [f"{way}: {n} trial{'s' * (n > 1)}" for way, n in sorted(counts.items())]
    return f"Networks of your own were trained {'; '.join(said)}." if said else ""


def describe_baselines(baselines: Sequence[BaselineAccuracy], *, n_train: int) -> str:
    """Say what simple methods reach, for the foot of a leaderboard; nothing if there are none.

    Args:
        n_train: training examples that there are.
    """
    if not baselines:
        return ""
    methods = (
        f"{_method(each, n_train)} reaches {_reached(each.validation, each.test)}{_by_metric(each)}"
        for each in baselines
    )
    return f"For comparison: {'; '.join(methods)}."


def _reached(validation: float, test: float) -> str:
    return f"{validation:.4f} on validation, {test:.4f} on test"


def _by_metric(baseline: BaselineAccuracy) -> str:
    """Say what it reaches by the metric of the search, if that is another one than accuracy."""
    if baseline.validation_score is None or baseline.test_score is None:
        return ""
    name = Metric(baseline.metric).in_words
    return f" (accuracy), {_reached(baseline.validation_score, baseline.test_score)} ({name})"


def _plural(metric: Metric) -> str:
    return "accuracies" if metric is Metric.ACCURACY else "scores"


def _method(baseline: BaselineAccuracy, n_train: int) -> str:
    name = "always the most frequent class" if baseline.name == "majority class" else f"a {baseline.name}"
    return name if baseline.examples >= n_train else f"{name} of {baseline.examples:,} examples"
