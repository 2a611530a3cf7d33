"""What Ray Tune calls while it runs packs: its scheduler, stopper, callback and reporter. They ask the searcher."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ray.tune import Callback, ProgressReporter, Stopper
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from packtune.execution.capacity_watch import CapacityWatch
from packtune.execution.searcher import PackSearcher


class StopAfterRound(Stopper):
    """Stops Ray Tune when the search is stopping and no worker is in the midst of a round (see `InOrder`)."""

    def __init__(self, searcher: PackSearcher) -> None:
        self._searcher = searcher

    def __call__(self, trial_id: str, result: Mapping[str, object]) -> bool:
        return False

    def stop_all(self) -> bool:
        failed = self._searcher.failure is not None
        return failed or (self._searcher.stopping() and not self._searcher.under_way.are_some_training)

    def __getstate__(self) -> dict[str, object]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class Watch(Callback):
    """Tells the searcher which packs have started, and looks whether any can."""

    def __init__(self, searcher: PackSearcher, capacity: CapacityWatch) -> None:
        self._searcher = searcher
        self._capacity = capacity

    def on_trial_start(self, iteration: int, trials: Sequence[Trial], trial: Trial, **info: object) -> None:
        self._searcher.note_start(trial.trial_id)

    def on_step_end(self, iteration: int, trials: Sequence[Trial], **info: object) -> None:
        self._capacity.look(starved=self._searcher.under_way.are_all_waiting)

    def __getstate__(self) -> dict[str, object]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class InOrder(FIFOScheduler):
    """Starts packs in order, and ends each with its round when the search is stopping.

    Tells the searcher why a worker died. Nothing else of Ray Tune knows that before `on_trial_complete`.
    """

    def __init__(self, searcher: PackSearcher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._searcher = searcher

    def on_trial_result(self, tune_controller: TuneController, trial: Trial, result: Mapping[str, object]) -> str:
        return TrialScheduler.STOP if self._searcher.stopping() else TrialScheduler.CONTINUE

    def choose_trial_to_run(self, tune_controller: TuneController) -> Trial | None:
        return None if self._searcher.stopping() else super().choose_trial_to_run(tune_controller)

    def on_trial_error(self, tune_controller: TuneController, trial: Trial) -> None:
        with contextlib.suppress(OSError):
            text = Path(trial.error_file).read_text(encoding="utf-8")
            self._searcher.note_death(trial.trial_id, cause_of_death(text))

    def __getstate__(self) -> dict[str, object]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class NoReporter(ProgressReporter):
    """Prints nothing. In a notebook, Ray Tune's own reporter would clear the output of the cell."""

    def should_report(self, trials: Sequence[Trial], done: bool = False) -> bool:
        return False

    def report(self, trials: Sequence[Trial], done: bool, *sys_info: object) -> None:
        """Report nothing, see `should_report`."""


def cause_of_death(text: str) -> str:
    """Put in a few words what Ray says about a worker that died."""
    if "node has died" in text:
        return "its node is gone"
    if "Worker unexpectedly exits" in text:
        return "it was killed, ran out of memory, or crashed"
    if found := re.search(r"Worker exit detail: (.*?)\.(?:\s|$)", text):
        return found.group(1)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
