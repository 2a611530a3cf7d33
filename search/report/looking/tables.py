"""The tables that other commands print, as records for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packtune.report.looking.details import WinnerFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardFacts:
    """A leaderboard.

    Attributes:
        runs: names of the runs in it.
        rows: the best first; the columns of leaderboard.csv by name.
        baselines: what simple methods reach on data of the user's own, in sentences.
    """

    runs: tuple[str, ...]
    rows: tuple[dict[str, object], ...]
    baselines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BestFacts:
    """The winner of a run, and what goes on with it.

    Attributes:
        commands: to paste, by what they do.
    """

    run: str
    folder: Path
    winner: WinnerFacts
    commands: dict[str, str]
