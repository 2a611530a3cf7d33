"""Runs a search's packs on a connected Ray, with Ray Tune."""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune import Callback, Stopper
from ray.tune.execution import class_cache
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from packtune.data.dataset import Dataset
from packtune.execution.connection import can_hold_worker
from packtune.execution.room_watch import RoomWatch
from packtune.execution.searcher import PackSearcher
from packtune.execution.worker import PackTrainable, to_arrays
from packtune.settings import Placement

# Ray Tune gives its actors an environment variable that only PyTorch Lightning reads. Without it they need no
# processes of their own, and find a local Ray's idle ones, which have imported everything (see `preload`).
class_cache.DEFAULT_ENV_VARS.pop("PL_DISABLE_FORK", None)


def run_packs(
    searcher: PackSearcher, datasets: Sequence[Dataset], placement: Placement, say: Callable[[str], None]
) -> None:
    """Train packs until the searcher has no more, or is stopping.

    Args:
        say: told when no pack can be trained for want of room.

    Raises:
        PacktuneError, or what a storage raises: what went wrong in the searcher.
    """
    trainable = tune.with_parameters(
        PackTrainable,
        datasets={dataset.name: to_arrays(dataset) for dataset in datasets},
        threads=placement.threads,
    )
    resources = {"cpu": placement.cpus_per_worker, "gpu": placement.gpus_per_worker}
    # Ray Tune's own files are of no use here: the study is the only truth.
    with tempfile.TemporaryDirectory(prefix="packtune-", ignore_cleanup_errors=True) as scratch, _quiet_ray():
        tune.Tuner(
            tune.with_resources(trainable, resources),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=_InOrder(searcher),
                num_samples=-1,
                max_concurrent_trials=min(placement.workers or searcher.most_at_once, searcher.most_at_once),
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="packs",
                storage_path=scratch,
                verbose=0,
                stop=_StopAfterRound(searcher),
                callbacks=[_Watch(searcher, RoomWatch(placement, say, lambda: can_hold_worker(placement)))],
                failure_config=tune.FailureConfig(max_failures=0),  # the searcher decides what is tried again
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            ),
        ).fit()
    if searcher.failure is not None:
        raise searcher.failure


class _StopAfterRound(Stopper):
    """Stops the whole experiment once asked to, and once no worker is in the midst of a round (see `_InOrder`)."""

    def __init__(self, searcher: PackSearcher) -> None:
        self._searcher = searcher

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        failed = self._searcher.failure is not None
        return failed or (self._searcher.stopping() and not self._searcher.training)

    def __getstate__(self) -> dict[str, Any]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class _Watch(Callback):
    """Tells the searcher which packs have started, and a person when none can."""

    def __init__(self, searcher: PackSearcher, room: RoomWatch) -> None:
        self._searcher = searcher
        self._room = room

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._searcher.note_start(trial.trial_id)

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._room.look(starved=self._searcher.starved)

    def __getstate__(self) -> dict[str, Any]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class _InOrder(FIFOScheduler):
    """Starts packs in order, and ends each with its round when the search is stopping.

    Tells the searcher why a worker died, which nothing else of Ray Tune does in time.
    """

    def __init__(self, searcher: PackSearcher) -> None:
        super().__init__()
        self._searcher = searcher

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        return TrialScheduler.STOP if self._searcher.stopping() else TrialScheduler.CONTINUE

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        return None if self._searcher.stopping() else super().choose_trial_to_run(tune_controller)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        with contextlib.suppress(OSError):
            self._searcher.errors[trial.trial_id] = cause_of_death(Path(trial.error_file).read_text(encoding="utf-8"))

    def __getstate__(self) -> dict[str, Any]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


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


@contextlib.contextmanager
def _quiet_ray() -> Iterator[None]:
    """Let only Ray's errors through; what Ray Tune says of packs that failed, the searcher says shorter."""
    levels = {
        "ray": logging.ERROR,
        "ray.tune.execution.tune_controller": logging.CRITICAL,
        "ray.tune.tune": logging.CRITICAL,
    }
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
