"""What Ray Tune calls while it runs packs: its scheduler, stopper, callback and reporter. They ask the searcher."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ray.tune import Callback, ProgressReporter, Stopper
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from packtune.execution.capacity_watch import CapacityWatch
from packtune.execution.searcher import PackSearcher
from packtune.execution.trouble.deaths import read_death

SIGNAL_GRACE_S = 0.5
"""Who ends a whole job signals its processes one after another: the driver may get its signal after a worker."""
STEP_S = 0.1


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
        if self._searcher.trouble.rests:
            time.sleep(STEP_S)  # Ray Tune itself waits for events only, and there may be none to come

    def __getstate__(self) -> dict[str, object]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class InOrder(FIFOScheduler):
    """Starts packs in order, and ends each with its round when the search is stopping.

    Tells the searcher why a worker died. Nothing else of Ray Tune knows that before `on_trial_complete`.

    Args:
        was_memory_full: see `read_death`.
    """

    def __init__(self, searcher: PackSearcher, was_memory_full: Callable[[], bool]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._searcher = searcher
        self._was_memory_full = was_memory_full

    def on_trial_result(self, tune_controller: TuneController, trial: Trial, result: Mapping[str, object]) -> str:
        return TrialScheduler.STOP if self._searcher.stopping() else TrialScheduler.CONTINUE

    def choose_trial_to_run(self, tune_controller: TuneController) -> Trial | None:
        return (
            None
            if self._searcher.stopping() or self._searcher.trouble.rests
            else super().choose_trial_to_run(tune_controller)
        )

    def on_trial_error(self, tune_controller: TuneController, trial: Trial) -> None:
        with contextlib.suppress(OSError):
            text = Path(trial.error_file).read_text(encoding="utf-8")
            time.sleep(SIGNAL_GRACE_S)
            self._searcher.note_death(trial.trial_id, read_death(text, self._was_memory_full))

    def __getstate__(self) -> dict[str, object]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class NoReporter(ProgressReporter):
    """Prints nothing. In a notebook, Ray Tune's own reporter would clear the output of the cell."""

    def should_report(self, trials: Sequence[Trial], done: bool = False) -> bool:
        return False

    def report(self, trials: Sequence[Trial], done: bool, *sys_info: object) -> None:
        """Report nothing, see `should_report`."""
