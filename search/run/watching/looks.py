"""Looks at a run that another process carries out, and changes nothing: it reads what that one notes, or the study."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from packtune.dispatch.standing import Standing
from packtune.run.folder import Run
from packtune.run.watching.form import NO_PACE, write_standing
from packtune.run.watching.note import read_note

BEGINNING_S = 120.0
"""A run that was made so recently may still begin: Ray is started in between."""
STUDY_INTERVAL_S = 10.0
"""Where nothing is noted the study is read, no more often than this: it may be long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is seen of a run.

    Attributes:
        goes_on: whether a process carries it out, or is about to.
        stage: what is being prepared; empty if nothing is.
        said: lines that the driver has said since the look before.
        standing: none before the first.
    """

    stage: str = ""
    said: tuple[str, ...] = ()
    standing: Standing | None = None
    goes_on: bool = True

    def to_json(self) -> dict[str, object]:
        """Write it with JSON's types only; what is not known is none."""
        standing = self.standing
        facts = {} if standing is None else write_standing(standing, standing.pace or NO_PACE)
        return {"goes_on": self.goes_on, "preparing": self.stage or None, **facts}


class Watcher:
    """Looks at one run.

    Args:
        clock: gives seconds.
    """

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._clock = clock
        self._heard = 0
        self._recorded: tuple[float, Look] | None = None

    def look(self) -> Look | None:
        """Look at the run; none if it is not going on.

        Raises:
            RunError: nothing is noted, and the study cannot be read.
        """
        folder = self._run.folder
        if not folder.is_in_use:
            return Look(stage=f"Waiting for the run {folder.name} to begin") if _may_begin(self._run) else None
        noted = read_note(folder.path)
        if noted is None:
            return self._look_at_study()
        last = max((number for number, _ in noted.said), default=0)
        since = self._heard if last >= self._heard else 0  # another driver counts from 1 again
        self._heard = last
        said = tuple(text for number, text in noted.said if number > since)
        return Look(stage=noted.stage, said=said, standing=noted.standing)

    def _look_at_study(self) -> Look:
        now_s = self._clock()
        if self._recorded is None or now_s - self._recorded[0] >= STUDY_INTERVAL_S:
            from packtune.run.watching.recorded import recorded_standing  # PyTorch and pandas

            standing, _ = recorded_standing(self._run)
            self._recorded = now_s, Look(standing=standing)
        return self._recorded[1]


def look_once(run: Run) -> tuple[Look, str]:
    """Look at a run that may or may not be going on, and say in words which it is, and what to do next.

    Raises:
        RunError: the study cannot be read.
    """
    look = Watcher(run).look()
    if look is not None:
        return look, f"The run {run.folder.name} goes on. To watch it: {run.folder.command('watch')}"
    from packtune.run.watching.recorded import recorded_standing  # PyTorch and pandas
    from packtune.run.watching.words import describe_rest

    standing, ending = recorded_standing(run)
    return Look(standing=standing, goes_on=False), describe_rest(run, ending)


def _may_begin(run: Run) -> bool:
    """Tell whether a run was just made, and has not begun."""
    try:
        age_s = time.time() - run.folder.settings.stat().st_mtime
    except OSError:
        return False
    return not run.folder.has_begun and age_s < BEGINNING_S
