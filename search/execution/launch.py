"""Runs the packs of a search on a connected Ray, with Ray Tune."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence

from ray import tune
from ray.exceptions import RayError

from packtune.data.dataset import Dataset
from packtune.errors import ClusterError
from packtune.execution.capacity_watch import CapacityWatch
from packtune.execution.hooks import InOrder, NoReporter, StopAfterRound, Watch
from packtune.execution.lean_ray import keep_idle_actors, keep_idle_workers, take_every_death
from packtune.execution.placement import can_hold_worker
from packtune.execution.searcher import PackSearcher
from packtune.execution.temporary_folder import scratch_folder
from packtune.execution.trouble.deaths import MemoryKills, read_death
from packtune.models.own.network import OwnNetwork
from packtune.settings import Placement
from packtune.worker.shared_data import to_arrays
from packtune.worker.trainable import PackTrainable

keep_idle_workers()
keep_idle_actors()
take_every_death()


def run_packs(
    searcher: PackSearcher,
    datasets: Sequence[Dataset],
    placement: Placement,
    say: Callable[[str], None],
    *,
    trainable: type[PackTrainable] = PackTrainable,
    networks: Sequence[OwnNetwork] = (),
) -> None:
    """Train packs until the searcher has no more, or is stopping.

    Args:
        say: told when no pack can be trained because there is no free worker.
        trainable: trains a pack in a worker.
        networks: of the user's own, which the workers are to know.

    Raises:
        PacktuneError, or what a storage raises: what went wrong in the searcher.
    """
    with _in_words():
        watch = CapacityWatch(placement, say, lambda: can_hold_worker(placement))
        with_data = tune.with_parameters(
            trainable,
            datasets={dataset.name: to_arrays(dataset) for dataset in datasets},
            threads=placement.threads,
            networks=tuple(networks),
        )
        _fit(searcher, with_data, placement, watch)
    if searcher.failure is not None:
        raise searcher.failure


def _fit(searcher: PackSearcher, with_data: type[tune.Trainable], placement: Placement, watch: CapacityWatch) -> None:
    resources = {"cpu": placement.cpus_per_worker, "gpu": placement.gpus_per_worker}
    # Ray Tune's own files are of no use here: the study is the only truth.
    with scratch_folder() as folder, _quiet_ray(), _signals_kept():
        tune.Tuner(
            tune.with_resources(with_data, resources),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=InOrder(searcher, MemoryKills().are_new),
                num_samples=-1,
                max_concurrent_trials=min(placement.workers or searcher.most_at_once, searcher.most_at_once),
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="packs",
                storage_path=folder,
                verbose=0,
                progress_reporter=NoReporter(),
                stop=StopAfterRound(searcher),
                callbacks=[Watch(searcher, watch)],
                failure_config=tune.FailureConfig(max_failures=0),  # the searcher decides what is tried again
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            ),
        ).fit()


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Turn an error of Ray's own into one for people."""
    try:
        yield
    except (RayError, tune.TuneError) as error:
        cause = read_death(str(error)).cause or type(error).__name__
        raise ClusterError(
            f"Ray ended the search: {cause}. Mend that, then resume; nothing that was finished is lost"
        ) from error


@contextlib.contextmanager
def _quiet_ray() -> Iterator[None]:
    """Let only Ray's errors through; the searcher says in fewer words what Ray Tune says of packs that failed."""
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


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Put back the handler of SIGUSR1, which Ray Tune replaces in the main thread."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGUSR1"):
        yield
        return
    before = signal.getsignal(signal.SIGUSR1)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)
