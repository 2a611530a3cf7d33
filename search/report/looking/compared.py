"""Two runs beside each other, as a record and for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packtune.confirmation.difference.record import Difference, Pairing
from packtune.data.files import readable
from packtune.models.configuration import Value
from packtune.report.fitting import wrap, write_list
from packtune.report.looking.details import WinnerFacts
from packtune.report.looking.plot import BOTH, Curve, plot
from packtune.report.looking.records import RunSummary
from packtune.report.looking.runs import best_in_words
from packtune.report.rendering import shown

MARKS = ("o", "x")
Setting = Value | list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A setting in which two runs differ; none where a run has left it open.

    Attributes:
        decides: whether the result depends on it, rather than where the search ran.
    """

    name: str
    first: Setting
    second: Setting
    decides: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        settings: in which they differ, those that decide the result first.
        difference: the expected score of the first run's winner less that of the second's; none if they cannot be
            compared.
        test_images: that both were tested on; 0 if they are not the same.
        why_not: why there is no difference; empty if there is one.
        best_first, best_second: (trial, best score on validation so far), where it got better, in the order of trials.
    """

    first: RunSummary
    second: RunSummary
    settings: tuple[Changed, ...]
    winner_first: WinnerFacts | None
    winner_second: WinnerFacts | None
    difference: Difference | None
    test_images: int
    why_not: str
    best_first: tuple[tuple[int, float], ...]
    best_second: tuple[tuple[int, float], ...]


def comparison_in_words(found: Comparison, width: int | None) -> str:
    """Tell what two runs differ in, which winner is better, and how the best score rose in each.

    Args:
        width: characters in a line; none for no limit.
    """
    told = [wrap(line, width) for line in _difference(found)]
    commands = [f"More of {run.name}: {run.commands['show']}" for run in (found.first, found.second)]
    parts = [*_settings(found, width), *_winners(found, width), "", *told, *_curves(found, width), "", *commands]
    return "\n".join(parts)


def _settings(found: Comparison, width: int | None) -> Iterator[str]:
    if not found.settings:
        yield "The settings are the same."
        return
    rows = [(each.name, _word(each.first), _word(each.second)) for each in found.settings]
    yield write_list(["setting", found.first.name, found.second.name], rows, width)


def _winners(found: Comparison, width: int | None) -> Iterator[str]:
    one, other = found.winner_first, found.winner_second
    if one is None or other is None:
        return
    names = list(dict.fromkeys([*one.configuration, *other.configuration]))
    values = {name: (one.configuration.get(name), other.configuration.get(name)) for name in names}
    same = [f"{name} {readable(_word(a))}" for name, (a, b) in values.items() if a == b]
    rows = [
        ("trial", str(one.trial), str(other.trial)),
        ("best", *(best_in_words(run.best, run.metric) for run in (found.first, found.second))),
        ("on validation", _score(one), _score(other)),
        ("parameters", _count(one.parameters), _count(other.parameters)),
        *((readable(name), readable(_word(a)), readable(_word(b))) for name, (a, b) in values.items() if a != b),
    ]
    yield ""
    yield write_list(["winner", found.first.name, found.second.name], rows, width)
    if same:
        yield wrap(f"The same in both: {', '.join(same)}", width)


def _difference(found: Comparison) -> Iterator[str]:
    difference = found.difference
    if difference is None:
        yield f"Which winner is better is not tested: {found.why_not}"
        return
    first, second, metric = found.first.name, found.second.name, found.first.metric
    if difference.is_certain:
        is_first = (difference.mean > 0) == metric.entry.larger_is_better
        better, other = (first, second) if is_first else (second, first)
        size, ends = abs(difference.mean), sorted(map(abs, (difference.low, difference.high)))
        yield (
            f"The winner of {better} is better than that of {other}: their {metric.in_words} differs by {size:.4f} "
            f"(95% interval {ends[0]:.4f} to {ends[1]:.4f})"
        )
    else:
        yield (
            f"The winners cannot be told apart: {metric.in_words} of {first} less {second} is {difference.mean:+.4f} "
            f"(95% interval {difference.low:+.4f} to {difference.high:+.4f})"
        )
    yield f"  {_method(found, difference)}"


def _method(found: Comparison, difference: Difference) -> str:
    one, other = difference.trainings
    trainings = f"{one} and {other} fresh trainings"
    match difference.pairing:
        case Pairing.IMAGES_AND_SEEDS:
            told = (
                f"compared image by image and seed by seed: {trainings} on the same {found.test_images:,} test images"
            )
        case Pairing.IMAGES:
            told = f"compared image by image: {trainings} on the same {found.test_images:,} test images"
        case Pairing.NOTHING:
            told = f"two independent estimates, as their test images are not the same: {trainings}"
    return told + "; one training does not show what another seed would change" * difference.is_blind


def _curves(found: Comparison, width: int | None) -> Iterator[str]:
    pairs = zip(MARKS, (found.best_first, found.best_second), strict=True)
    curves = [Curve(mark=mark, points=points) for mark, points in pairs if points]
    lines = plot(curves, x_name="trial", width=width)
    if lines:
        yield ""
        names = f"{MARKS[0]} {found.first.name}, {MARKS[1]} {found.second.name}, {BOTH} both"
        yield wrap(f"Best {found.first.metric.in_words} on validation so far: {names}", width)
        yield from lines


def _score(winner: WinnerFacts) -> str:
    return f"{winner.score:.4f} ({winner.low:.4f} to {winner.high:.4f})"


def _count(parameters: int | None) -> str:
    return "" if parameters is None else f"{parameters:,}"


def _word(value: Setting) -> str:
    return ", ".join(map(readable, value)) if isinstance(value, list) else readable(shown(value))
