"""Runs a search's packs on a connected Ray, with Ray Tune."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ray import tune
from ray.tune import Callback, Stopper

from data.dataset import Dataset
from search.connection import Placement
from search.searcher import PackSearcher
from search.worker import PackTrainable, to_arrays


def run_packs(searcher: PackSearcher, datasets: Sequence[Dataset], placement: Placement) -> None:
    """Train packs until the searcher has no more, or is stopping.

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
                num_samples=-1,
                max_concurrent_trials=placement.workers,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="packs",
                storage_path=scratch,
                verbose=0,
                stop=_StopWhen(searcher.stopping),
                callbacks=[_ErrorListener(searcher)],
                failure_config=tune.FailureConfig(max_failures=0),  # the searcher decides what is tried again
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            ),
        ).fit()
    if searcher.failure is not None:
        raise searcher.failure


class _StopWhen(Stopper):
    """Stops the whole experiment once asked to."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._stopping()

    def __getstate__(self) -> dict[str, Any]:
        """Give Ray Tune's snapshots nothing, as `PackSearcher` does."""
        return {}


class _ErrorListener(Callback):
    """Tells the searcher why a pack failed, which Ray Tune itself does not."""

    def __init__(self, searcher: PackSearcher) -> None:
        self._searcher = searcher

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        error = trial.get_error()
        self._searcher.errors[trial.trial_id] = str(error or "")


@contextlib.contextmanager
def _quiet_ray() -> Iterator[None]:
    """Let only Ray's errors through."""
    logger = logging.getLogger("ray")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
