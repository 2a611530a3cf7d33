"""The axis and the words of scores, and other texts that several sections need."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from packtune.models.configuration import Value
from packtune.report.facts.about import MetricFacts
from packtune.report.facts.hyperparameters import HyperparameterFacts
from packtune.report.facts.leaders import Interval
from packtune.report.page.charts.axes import Axis, Tick, category_axis, fitting_axis, linear_axis, log_axis, whole_axis
from packtune.report.page.charts.axes import Value as Placed
from packtune.report.page.charts.numbers import log_ticks, short

STRETCH = 8.0
"""Where the worst error is more than so many times the best one, the scale is even in the logarithm of errors."""
LEAST_ERROR = 1e-9
STRETCHED = "The scale of scores is stretched towards the best ones, as they lie close together."
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def score_axis(metric: MetricFacts, scores: Iterable[float]) -> Axis:
    """Make the vertical axis of scores on validation.

    Most trials of a search lie close to the best one, and a few far below. Where the errors differ by a large factor,
    the axis is even in their logarithm; the ticks are still scores.
    """
    known = [score for score in scores if math.isfinite(score)] or [0.0, metric.highest]
    label = f"validation {metric.in_words}" + ("" if metric.larger_is_better else " (smaller is better)")
    if not is_stretched(metric, known):
        return fitting_axis(label, known)
    if not metric.larger_is_better:
        return _loss_axis(label, _errors(metric, known))
    return _error_axis(label, metric, known)


def is_stretched(metric: MetricFacts, scores: Iterable[float]) -> bool:
    """Tell whether the axis of these scores is even in the logarithm of the errors."""
    errors = _errors(metric, scores)
    return bool(errors) and max(errors) > STRETCH * min(errors)


def _errors(metric: MetricFacts, scores: Iterable[float]) -> list[float]:
    """Give the distance of scores to the best one there is; where there is none, half of the smallest one there is."""
    known = [score for score in scores if math.isfinite(score)]
    errors = [max(0.0, metric.highest - score if metric.larger_is_better else score) for score in known]
    least = min((error for error in errors if error > LEAST_ERROR), default=LEAST_ERROR) / 2
    return [max(least, error) for error in errors]


def _loss_axis(label: str, losses: Sequence[float]) -> Axis:
    """Make an axis of losses that is even in their logarithm; one of 0 stands with the least."""
    axis, least = fitting_axis(label, losses, log=True), min(losses)
    return replace(axis, place=lambda loss: axis.place(max(least, float(loss))))


def _error_axis(label: str, metric: MetricFacts, scores: Sequence[float]) -> Axis:
    """Make an axis of scores that is even in the logarithm of their errors; the best score there is has a tick."""
    errors, highest = _errors(metric, scores), metric.highest
    least, perfect = min(errors), max(scores) >= highest
    low, high = least / 1.15, max(errors) * 1.15
    span = math.log(high / low)

    def place(score: Placed) -> float:
        return math.log(high / max(least, highest - float(score))) / span

    shown = [highest - error for error in log_ticks(low, high) if error > 1.5 * least or not perfect]
    ticks = [score for score in [*shown, *[highest] * perfect] if score >= 0 and 0 <= place(score) <= 1]
    return Axis(label=label, ticks=tuple(Tick(at=place(score), label=f"{score:.6g}") for score in ticks), place=place)


def hyperparameter_axis(facts: HyperparameterFacts, values: Iterable[Value | None]) -> Axis:
    """Make the axis of a hyperparameter: its choices, or its range; it holds all of the values."""
    used = [value for value in values if value is not None]
    if facts.choices or facts.low is None or facts.high is None:
        return category_axis(facts.name, [*dict.fromkeys([*facts.choices, *used])] or ["none"])
    numbers = [float(value) for value in used if not isinstance(value, str)]
    low, high = min([facts.low, *numbers]), max([facts.high, *numbers])
    if facts.is_log and low > 0:
        return log_axis(f"{facts.name} (log scale)", low, high)
    return whole_axis(facts.name, int(low), int(high)) if facts.is_whole else linear_axis(facts.name, low, high)


def is_better(metric: MetricFacts, score: float, other: float) -> bool:
    """Tell whether a score is better than another one."""
    return score > other if metric.larger_is_better else score < other


def score_text(score: float | None) -> str:
    """Write a score with four places; nothing where there is none."""
    return "" if score is None else f"{score:.4f}"


def interval_text(interval: Interval) -> str:
    """Write a score with its interval."""
    return f"{interval.mean:.4f} (95% interval {interval.low:.4f} to {interval.high:.4f})"


def value_text(value: Value | None) -> str:
    """Write the value of a hyperparameter; nothing where it does not apply."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else short(value)


def count(number: int, noun: str) -> str:
    """Write a number with its noun: one trial, 12 trials, 1,200 trials."""
    shown = COUNTS[number] if number < len(COUNTS) else f"{number:,}"
    plural = noun + "es" if noun.endswith("s") else noun + "s"
    return f"{shown} {noun if number == 1 else plural}"


def capital(sentence: str) -> str:
    """Begin a sentence with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


def sentence(words: str) -> str:
    """Write words as a sentence of their own."""
    return capital(words.strip().rstrip(".")) + "."


def listed(words: Sequence[str]) -> str:
    """Write a list in words: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
