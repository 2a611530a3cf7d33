"""The winner for people: described in words, and written as a space that can be searched again."""

from __future__ import annotations

from pathlib import Path

import tomli_w

from packtune.confirmation.estimate import Estimate
from packtune.confirmation.verdict import Verdict
from packtune.data.files import readable
from packtune.models.training.metrics.catalog import Metric
from packtune.report.ranking import Row
from packtune.report.winner import Winner

LEAST_SHARE = 0.01
"""Of the winner's parameters; a smaller share is not told in numbers."""


def space_of(row: Row) -> str:
    """Write the configuration of a row as a space that holds nothing else, in TOML, for `packtune run --space`."""
    score = f"validation {row.metric.in_words} {row.score:.6f}"
    head = f"# Trial {row.trial} of run {row.run}: {score} on {row.data.name}.\n"
    return head + tomli_w.dumps(row.configuration.used())


def rounded_space_of(row: Row, file: Path) -> str:
    """Write the same for a screen: numbers have four digits, and `file` is named as the place of all of them."""
    head, _, _ = space_of(row).partition("\n")
    used = row.configuration.used().items()
    values = {name: float(_word(value)) if isinstance(value, float) else value for name, value in used}
    return f"{head}\n# In full: {readable(str(file))}\n{tomli_w.dumps(values)}"


def describe_winner(winner: Winner) -> str:
    """Describe the winner in words: its configuration, its accuracies and what cannot be told from it."""
    if winner.verdict is not None:
        return _describe_confirmed(winner, winner.verdict)
    row, (low, high) = winner.row, winner.interval
    values = ", ".join(f"{name} {_word(value)}" for name, value in row.configuration.used().items())
    of = f", the mean of {row.replicates} trials" if row.replicates > 1 else ""
    if row.replicates == 1 and any(tie.replicates > 1 for tie in winner.ties):
        of = ", of one seed alone while others are means of several,"
    lines = [
        f"Winner: trial {row.trial} ({values})",
        f"  validation {row.metric.in_words} {row.score:.4f}{of} (95% interval {low:.4f} to {high:.4f})"
        + (f", test {row.metric.in_words} {row.test.score:.4f}" if row.test else ""),
        *_beside(row),
    ]
    if winner.ties:
        if row.replicates == 1:
            lines.append("  optimistic, as the best of several that were seen once; it was not trained again")
        n = len(winner.ties)
        others = ", ".join(str(tie.trial) for tie in winner.ties[:8]) + (", ..." if n > 8 else "")
        lines.append(f"  inside that interval too: trial{'s' if n > 1 else ''} {others}")
    return "\n".join(lines)


def _describe_confirmed(winner: Winner, verdict: Verdict) -> str:
    values = ", ".join(f"{name} {_word(value)}" for name, value in winner.row.configuration.used().items())
    lines = [
        f"Winner: trial {winner.row.trial} ({values})",
        _expected(verdict, winner.row.data.examples),
        *_expected_accuracy(verdict),
        _score(winner, verdict),
    ]
    if verdict.best_test is not None and verdict.test is not None and verdict.test.trainings > 1:
        best, by = verdict.best_test, verdict.metric.in_words
        lines.append(f"  its exported model alone: test {by} {best.mean:.4f} (95% interval {_interval(best)})")
    if winner.ties:
        lines.append(_tied(winner))
    if verdict.test is not None and verdict.test.collapsed:
        lines.append(_collapsed(verdict.test))
    return "\n".join(lines)


def _expected(verdict: Verdict, examples: str) -> str:
    test = verdict.test
    if test is None:
        until = "its trainings from further seeds are" if verdict.has_selected else "selection and report are"
        return f"  expected {verdict.metric.in_words}: not known yet, {until} still to be done"
    said = (
        f"  expected {verdict.metric.in_words} {test.mean:.4f} (95% interval {_interval(test)}), "
        f"from {_fresh_trainings(test)} on {test.images:,} test {examples} that nothing was chosen by"
    )
    blind = f"; the interval is of the {examples} alone, as one training does not show what another seed would change"
    return said + blind * (test.trainings == 1)


def _beside(row: Row) -> list[str]:
    """Say what accuracy stands beside a score by another metric."""
    if row.metric is Metric.ACCURACY or row.validation is None:
        return []
    test = f", test accuracy {row.test.joint:.4f}" if row.test else ""
    return [f"  validation accuracy {row.validation.joint:.4f}{test}"]


def _expected_accuracy(verdict: Verdict) -> list[str]:
    accuracy = verdict.test_accuracy
    if verdict.metric is Metric.ACCURACY or accuracy is None:
        return []
    return [f"  expected accuracy {accuracy.mean:.4f} (95% interval {_interval(accuracy)}), from the same trainings"]


def _collapsed(test: Estimate) -> str:
    """Say that the winner does not train from every seed. Nothing else is chosen: that would choose by test images."""
    how = "diverged" if test.collapsed == test.diverged else "diverged or stayed far behind the others"
    return (
        f"  it collapses from {test.collapsed} of these {test.trainings} seeds: there it {how}, and this is counted. "
        "More --finalists, or further trials, may find one that trains from every seed"
    )


def _score(winner: Winner, verdict: Verdict) -> str:
    by = f"validation {verdict.metric.in_words}"
    if len(verdict.finalists) == 1:
        seen = "once" if verdict.winner.trials == 1 else f"{verdict.winner.trials} times"
        return (
            f"  chosen by {by} {verdict.winner.score:.4f}, seen {seen} in the search: optimistic, as "
            "the best of all; it was the only finalist, so no other was trained again to compare it with"
        )
    spread = winner.row.confirmed.spread if winner.row.confirmed else None
    assert spread is not None  # of several finalists each was trained again
    if not verdict.has_selected:
        return (
            f"  ahead so far with {by} {spread.mean:.4f} over {_fresh_trainings(spread)}: selection "
            f"among {len(verdict.finalists)} finalists is not finished"
        )
    return (
        f"  chosen by {by} {spread.mean:.4f} over {_fresh_trainings(spread)}: "
        f"optimistic, as the best of {len(verdict.finalists)} finalists"
        + f"; {spread.collapsed} of these trainings collapsed"
        * (spread.collapsed > 0)
    )


def _fresh_trainings(estimate: Estimate) -> str:
    return "one fresh training" if estimate.trainings == 1 else f"{estimate.trainings} fresh trainings"


def _tied(winner: Winner) -> str:
    others = ", ".join(map(_tie, winner.ties))
    line = f"  as good for all we know: trial{'s' if len(winner.ties) > 1 else ''} {others}"
    smallest = winner.smallest_tie
    if smallest is not None and smallest.parameters and winner.row.parameters:
        share = smallest.parameters / winner.row.parameters
        shown = f"{share:.0%}" if share >= LEAST_SHARE else f"less than {LEAST_SHARE:.0%}"
        line += f"; trial {smallest.trial} with {shown} of the winner's parameters"
    return line


def _tie(row: Row) -> str:
    spread = row.confirmed.spread if row.confirmed else None
    if spread is None or not spread.collapsed:
        return str(row.trial)
    return f"{row.trial} (collapsed from {spread.collapsed} of {spread.trainings} seeds)"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.4f} to {estimate.high:.4f}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
