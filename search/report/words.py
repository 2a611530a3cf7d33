"""The winner for people: described in words, and written as a space that can be searched again."""

from __future__ import annotations

import tomli_w

from packtune.report.ranking import Row
from packtune.report.winner import Winner


def space_of(row: Row) -> str:
    """Write the configuration of a row as a space that holds nothing else, in TOML, for `packtune run --space`."""
    head = f"# Trial {row.trial} of run {row.run}: validation accuracy {row.score:.6f} on {row.data}.\n"
    return head + tomli_w.dumps(row.configuration.used())


def describe_winner(winner: Winner) -> str:
    """Describe the winner in words: its configuration, its accuracies and the trials inside its interval."""
    row, (low, high) = winner.row, winner.interval
    values = ", ".join(f"{name} {_word(value)}" for name, value in row.configuration.used().items())
    of = f", the mean of {row.replicates} trials" if row.replicates > 1 else ""
    if row.replicates == 1 and any(tie.replicates > 1 for tie in winner.ties):
        of = ", of one seed alone while others are means of several,"
    lines = [
        f"Winner: trial {row.trial} ({values})",
        f"  validation accuracy {row.score:.4f}{of} (95% interval {low:.4f} to {high:.4f})"
        + (f", test accuracy {row.test.joint:.4f}" if row.test else ""),
    ]
    if winner.ties:
        n = len(winner.ties)
        others = ", ".join(str(tie.trial) for tie in winner.ties[:8]) + (", ..." if n > 8 else "")
        lines.append(f"  inside that interval too: trial{'s' if n > 1 else ''} {others}")
    return "\n".join(lines)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
