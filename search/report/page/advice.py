"""What to try next: what the facts suggest, each by a pure function that finds something or nothing."""

from __future__ import annotations

import itertools
import math
import shlex
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packtune.models.configuration import HYPERPARAMETERS
from packtune.report.facts.hyperparameters import HyperparameterFacts
from packtune.report.facts.report import ReportFacts
from packtune.report.facts.trainings import SpreadPoint, TrialFacts
from packtune.report.page.charts.numbers import short
from packtune.report.page.words import count, listed, score_text

BEST_SHARE = 0.1
LEAST_TRIALS = 20
"""With fewer, the best tenth says nothing about a range."""
EDGE = 0.1
"""The share of a range that counts as its edge, at each end."""
STILL_RISES = 0.05
"""A curve still rises if the last fifth of its epochs takes away this share of the error."""
CHANCE = 0.5
"""A change of less than this share of half the interval of the score is left to chance."""
MANY_BROKEN = 0.2
FEW_SOUND = 0.1
"""Above a learning rate, at most so many of the trials that trained well lie."""
WIDE = 0.02
"""An interval of an accuracy that reaches farther than so much to each side is wide."""
LATE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Something to try.

    Attributes:
        finding: what the facts show, in a sentence.
        action: what to do about it, in a sentence.
        options: of `packtune run`, that do it in a new search; empty where there are none.
        command: that does it in this run; empty where there is none.
    """

    finding: str
    action: str
    options: str = ""
    command: str = ""


def advise(facts: ReportFacts) -> list[Advice]:
    """List what to try next, the most urgent first."""
    finders = (unfinished, unconfirmed, failures, divergence, at_edges, curve_end, late_best, wide_interval, many_ties)
    return list(itertools.chain.from_iterable(find(facts) for find in finders))


def unfinished(facts: ReportFacts) -> Iterator[Advice]:
    """Find that trials or trainings are still open."""
    if facts.run.is_decided:
        return
    left = [count(facts.run.open, "trial")] if facts.run.open else []
    left += [count(facts.run.open_trainings, "training")] if facts.run.open_trainings else []
    yield Advice(
        finding=f"The search is not finished: {listed(left) or 'something'} is still to be done.",
        action="What is ahead now may not win. Go on with it.",
        command=_resume(facts),
    )


def _resume(facts: ReportFacts) -> str:
    """Give the command that goes on with the run."""
    lines = [each.line for each in facts.place.commands if " resume " in each.line]
    return lines[0] if lines else f"packtune resume {facts.run.name}"


def unconfirmed(facts: ReportFacts) -> Iterator[Advice]:
    """Find that the winner was not trained again from fresh seeds."""
    if facts.run.is_decided and facts.winner is not None and not facts.finalists:
        yield Advice(
            finding="The winner was not trained again from fresh seeds, so that its score is that of a lucky training.",
            action="Search with a confirmation, which packtune does by itself where it is not turned off.",
        )


def failures(facts: ReportFacts) -> Iterator[Advice]:
    """Find that trials failed, and why most of them did."""
    reasons = Counter(trial.reason for trial in facts.trials if trial.state == "FAIL")
    if reasons:
        (reason, times), *_ = reasons.most_common(1)
        yield Advice(
            finding=f"{count(reasons.total(), 'trial').capitalize()} failed.",
            action=f"The most frequent reason ({times:,} of {reasons.total():,}) was: {reason}",
        )


def divergence(facts: ReportFacts) -> Iterator[Advice]:
    """Find that many trials diverged, and above which learning rate."""
    finished = [trial for trial in facts.trials if trial.merit is not None]
    broken = [trial for trial in finished if trial.state == "DIVERGED"]
    if len(broken) < MANY_BROKEN * len(finished) or len(broken) < 3:
        return
    finding = f"{len(broken):,} of {len(finished):,} trials diverged."
    bound = _diverges_above(facts, finished)
    if bound is None:
        yield Advice(finding=finding, action="Try smaller learning rates, or another optimizer.")
        return
    low = next(each.low for each in facts.hyperparameters if each.name == "learning_rate")
    yield Advice(
        finding=f"{finding} Most of these had a learning_rate above {short(bound)}.",
        action="Narrow its range, so that no time is spent there.",
        options="" if not low or low >= bound else f"--set learning_rate={low:.2g}..{bound:.2g}:log",
    )


def _diverges_above(facts: ReportFacts, finished: Sequence[TrialFacts]) -> float | None:
    """Give the learning rate that most diverged trials lie above, and few others."""
    names = [each.name for each in facts.hyperparameters]
    if "learning_rate" not in names:
        return None
    index = names.index("learning_rate")
    rates = [(float(v), trial.state) for trial in finished if isinstance(v := trial.values[index], int | float)]
    sound = sorted(rate for rate, state in rates if state in ("COMPLETE", "PRUNED"))
    broken = [rate for rate, state in rates if state == "DIVERGED"]
    if not sound or not broken:
        return None
    bound = sound[min(len(sound) - 1, math.floor((1 - FEW_SOUND) * len(sound)))]
    return bound if sum(rate > bound for rate in broken) > len(broken) / 2 else None


def at_edges(facts: ReportFacts) -> Iterator[Advice]:
    """Find ranges at whose edge most of the best trials lie, and beyond which there is something to try."""
    finished = [trial for trial in facts.trials if trial.score is not None and trial.state == "COMPLETE"]
    if len(facts.trials) < LEAST_TRIALS or len(finished) < 5:
        return
    ordered = sorted(finished, key=lambda trial: -(trial.merit or 0.0))
    best = ordered[: max(3, round(BEST_SHARE * len(facts.trials)))]
    for index, each in enumerate(facts.hyperparameters):
        values = [float(v) for trial in best if isinstance(v := trial.values[index], int | float)]
        end = _edge(each, values)
        if end is not None:
            yield _widen(each, values, is_high=end)


def _edge(each: HyperparameterFacts, values: Sequence[float]) -> bool | None:
    """Tell whether most values lie at the upper edge, or at the lower one; None for neither."""
    if each.low is None or each.high is None or each.choices or len(values) < 3 or each.high <= each.low:
        return None
    places = [_place(each, value) for value in values]
    kind = HYPERPARAMETERS.get(each.name)
    may_rise = kind is None or kind.high is None or each.high < kind.high
    may_fall = kind is None or kind.low is None or each.low > kind.low
    if may_rise and sum(place > 1 - EDGE for place in places) > len(places) / 2:
        return True
    return False if may_fall and sum(place < EDGE for place in places) > len(places) / 2 else None


def _place(each: HyperparameterFacts, value: float) -> float:
    low, high = each.low or 0.0, each.high or 0.0
    if each.is_log and low > 0 and value > 0:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _widen(each: HyperparameterFacts, values: Sequence[float], *, is_high: bool) -> Advice:
    low, high = each.low or 0.0, each.high or 0.0
    width = high - low
    if is_high:
        wider = low, high * (4 if each.is_log else 1) + (0 if each.is_log else width / 2)
    else:
        wider = (low / 4 if each.is_log else low - width / 2), high
    limits = HYPERPARAMETERS.get(each.name)
    lowest, highest = (limits.low, limits.high) if limits else (None, None)
    start = max(wider[0], lowest) if lowest is not None else wider[0]
    end = min(wider[1], highest) if highest is not None else wider[1]
    written = [f"{round(edge)}" if each.is_whole else f"{edge:.3g}" for edge in (start, end)]
    return Advice(
        finding=f"The best trials lie at the {'upper' if is_high else 'lower'} end of the range of {each.name}, "
        f"{short(low)} to {short(high)}: their median is {short(statistics.median(values))}.",
        action="Widen the range: something better may lie beyond it.",
        options="--set " + shlex.quote(f"{each.name}={'..'.join(written)}{':log' * each.is_log}"),
    )


def curve_end(facts: ReportFacts) -> Iterator[Advice]:
    """Find that the winner's mean curve still rises at its end, or fell before it, by more than chance."""
    winner = None if facts.winner is None else facts.winner.trial
    spread = next((each.spread for each in facts.finalists if each.trial == winner), ())
    if len(spread) < 5:
        return
    errors = [_error(facts, point) for point in spread]
    best, before = min(range(len(errors)), key=errors.__getitem__), math.ceil(LATE * len(errors)) - 1
    if _falls(facts, errors[before], errors[-1]):
        yield Advice(
            finding=f"The winner still learns at its last epoch: from epoch {spread[before].epoch} on its error fell "
            f"by {1 - errors[-1] / errors[before]:.0%}.",
            action="Train longer.",
            options=f"--epochs {2 * facts.run.epochs}",
        )
    elif best < before and _falls(facts, errors[-1], errors[best]):
        yield Advice(
            finding=f"The winner was best at epoch {spread[best].epoch}, with {score_text(spread[best].mean)}; at its "
            f"end it has {score_text(spread[-1].mean)}.",
            action="It learns its examples by heart: try fewer epochs, or more dropout and weight decay.",
            options=f"--epochs {spread[best].epoch}",
        )


def _falls(facts: ReportFacts, before: float, after: float) -> bool:
    """Tell whether an error falls by a share that counts, and by more than the examples leave open."""
    score = next((row.score for row in facts.leaderboard if row.is_winner), None)
    doubt = 0.0 if score is None else (score.high - score.low) / 2
    return after < (1 - STILL_RISES) * before and before - after > CHANCE * doubt


def _error(facts: ReportFacts, point: SpreadPoint) -> float:
    return max(1e-9, facts.metric.highest - point.mean if facts.metric.larger_is_better else point.mean)


def late_best(facts: ReportFacts) -> Iterator[Advice]:
    """Find that the best trial came late in the search."""
    steps, trials = facts.progress.best, sum(trial.merit is not None for trial in facts.trials)
    if facts.run.is_decided and len(steps) > 1 and trials >= LEAST_TRIALS and steps[-1].at > LATE * trials:
        yield Advice(
            finding=f"The best single training, {score_text(steps[-1].score)} by trial {steps[-1].trial}, came late: "
            f"as number {steps[-1].at:,} of {trials:,}.",
            action="Go on with further trials.",
            command=_resume(facts),
        )


def wide_interval(facts: ReportFacts) -> Iterator[Advice]:
    """Find that the expected score of the winner is not known well, and what would help."""
    score = facts.winner.score if facts.winner else None
    if score is None or facts.metric.highest != 1.0:
        return
    half = (score.high - score.low) / 2
    if half <= WIDE:
        return
    from_examples = 1.96 * math.sqrt(max(0.0, score.mean * (1 - score.mean)) / max(1, score.examples))
    more_data = from_examples > half / 2
    yield Advice(
        finding=f"The expected score of the winner is known to ±{half:.3f} only.",
        action=f"With {score.examples:,} test {facts.data.examples}, most of that comes from these being few: four "
        "times as many would halve it."
        if more_data
        else "Most of that comes from its trainings, which differ: more of them would narrow it.",
        options="" if more_data else f"--replicates {4 * score.trainings}",
    )


def many_ties(facts: ReportFacts) -> Iterator[Advice]:
    """Find that the winner cannot be told from others."""
    winner = facts.winner
    if winner is None or not winner.ties or not facts.finalists:
        return
    smaller = "" if winner.smallest_tie is None else f" The smallest of these is trial {winner.smallest_tie}."
    yield Advice(
        finding=f"{count(len(winner.ties), 'other configuration').capitalize()} may be as good as the winner.{smaller}",
        action="Where a small network is worth more than the last bit of the score, prefer the smallest of these.",
        options="--prefer small" if winner.smallest_tie is not None else "",
    )
