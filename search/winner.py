"""The winner: the configuration picked by validation accuracy, what it cannot be told from, how to train it again."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import tomli_w

from data.catalog import DATASETS
from search.console import program
from search.leaderboard import Row
from search.run_folder import RunFolder
from search.settings import Settings
from search.trial import TrialState

CONFIDENCE = 0.95
REPLICATES = 5  # of the winner, where it is trained again


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """The configuration picked.

    Attributes:
        row: its row of the leaderboard.
        interval: of its validation accuracy, 95%, from the number of validation images.
        ties: the other complete rows whose accuracy lies inside the interval.
    """

    row: Row
    interval: tuple[float, float]
    ties: tuple[Row, ...]


def pick_winner(rows: Sequence[Row], *, validation_images: Callable[[Row], int]) -> Winner | None:
    """Pick the first COMPLETE row of an ordered leaderboard; none if no trial is complete.

    Args:
        validation_images: on how many images a row's validation accuracy was measured.
    """
    complete = [row for row in rows if row.state is TrialState.COMPLETE and row.validation]
    if not complete:
        return None
    best = complete[0]
    interval = wilson_interval(best.score, validation_images(best))
    ties = tuple(row for row in complete[1:] if row.score >= interval[0])
    return Winner(row=best, interval=interval, ties=ties)


def winner_of(rows: Sequence[Row], settings: Settings) -> Winner | None:
    """Pick the winner of a run; see `pick_winner`."""
    available = DATASETS[settings.data].n_validation
    return pick_winner(
        rows, validation_images=lambda row: settings.protocol.evaluated(available, row.configuration.batch_size)
    )


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """Bound a share seen in n independent images with 95% confidence (Wilson 1927).

    Args:
        share: 0 to 1.
        n: 1 or more.

    Returns:
        Lower and upper bound, 0 to 1.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def space_of(row: Row) -> str:
    """Write the configuration as a space of one, in TOML, for `packtune run --space`."""
    used: dict[str, Any] = row.configuration.used()
    head = f"# Trial {row.trial} of run {row.run}: validation accuracy {row.score:.6f} on {row.data}.\n"
    return head + tomli_w.dumps(used)


def describe_winner(winner: Winner) -> str:
    """Put the winner in words: its name, its accuracies and what it ties with."""
    row, (low, high) = winner.row, winner.interval
    values = ", ".join(f"{name} {_word(value)}" for name, value in row.configuration.used().items())
    of = f", the mean of {row.replicates} trials" if row.replicates > 1 else ""
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


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def retrain_command(folder: RunFolder, settings: Settings) -> str:
    """Write the command that trains the winner's configuration again, from fresh seeds."""
    where = f" --data-dir {shlex.quote(str(settings.data_dir))}" if settings.data_dir else ""
    return (
        f"{program()} run --data {settings.data}{where} --space {shlex.quote(str(folder.winner_space))} "
        f"--replicates {REPLICATES} --epochs {settings.epochs} --no-halving --seed {settings.seed + 1} "
        f"--protocol {settings.protocol} --precision {settings.precision}"
        + (f" --cpus-per-worker {settings.cpus_per_worker:g}" if settings.threads > 1 else "")
    )
