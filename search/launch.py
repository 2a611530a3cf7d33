"""Ray: start or reach it, check that it has room, and run the search's packs on it with Ray Tune."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Ray reads these when it is imported. The first keeps a local Ray off every network interface but loopback; the
# others turn off what a search does not use: log files of Ray Tune, its own Ctrl-C handling, usage reports.
RAY_ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_WARN_THRESHOLD_S": "60",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "TUNE_MAX_PENDING_TRIALS_PG": "16",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
LOCAL_ENVIRONMENT = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
for _name, _value in RAY_ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

import ray  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune import Callback, Stopper  # noqa: E402

import data  # noqa: E402
import models  # noqa: E402
import search  # noqa: E402
from data.dataset import Dataset  # noqa: E402
from search.errors import ClusterError  # noqa: E402
from search.searcher import PackSearcher  # noqa: E402
from search.settings import Settings  # noqa: E402
from search.worker import PackTrainable, to_arrays  # noqa: E402

CONNECT_TIMEOUT_S = 5.0
MAX_FAILURES = 2  # a worker that dies has its pack trained again this often


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the packs of a search run.

    Attributes:
        device: "cpu" or "cuda".
        workers: Ray Tune trials at once.
    """

    device: str
    workers: int
    cpus_per_worker: float
    gpus_per_worker: float

    @property
    def threads(self) -> int:
        """Torch threads of a worker: one for each whole CPU it holds."""
        return max(1, int(self.cpus_per_worker))


@contextlib.contextmanager
def connected(settings: Settings) -> Iterator[None]:
    """Start a local Ray, or connect to the cluster at `settings.address`; disconnect at the end.

    Raises:
        ClusterError: nothing answers at the address, or Ray does not start.
    """
    if settings.address is not None:
        _check_reachable(settings.address)
    try:
        _connect(settings)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"to the cluster at {settings.address}" if settings.address else "to a local Ray"
        raise ClusterError(f"cannot connect {where}: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _connect(settings: Settings) -> None:
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if settings.address is None:
        os.environ.update(LOCAL_ENVIRONMENT)
        ray.init(address="local", include_dashboard=False, num_cpus=os.cpu_count(), **quiet)
    else:
        # The nodes need not have this project installed, only Ray and PyTorch.
        packages = [str(Path(package.__file__ or "").parent) for package in (data, models, search)]
        ray.init(address=settings.address, runtime_env={"py_modules": packages}, **quiet)


def _check_reachable(address: str) -> None:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise ClusterError(f"the address {address!r} is not allowed: write HOST:PORT, such as 127.0.0.1:6379")
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"nothing answers at {address} ({error}): check the host and port (`ray start --head` prints them) and "
            "that the cluster runs, or leave --address out to search on this machine"
        ) from error


def place(settings: Settings) -> Placement:
    """Fit the settings to the cluster at hand.

    Raises:
        ClusterError: no node has what one worker needs.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    has_gpu = any(node.get("GPU", 0) > 0 for node in nodes)
    device = settings.device if settings.device != "auto" else ("cuda" if has_gpu else "cpu")
    if device == "cpu" and settings.gpus_per_worker:
        raise ClusterError(
            f"gpus_per_worker = {settings.gpus_per_worker:g}, but the packs would train on the CPU "
            f"({'--device cpu' if settings.device == 'cpu' else 'no node has a GPU'}): leave one of the two out"
        )
    gpus = settings.gpus_per_worker if settings.gpus_per_worker is not None else float(device == "cuda")
    cpus = settings.cpus_per_worker
    if device == "cuda" and (gpus == 0 or not has_gpu):
        given = "gpus_per_worker = 0" if has_gpu else "no node of the cluster has a GPU"
        raise ClusterError(f"device = cuda, but {given}: use --device cpu, or give the cluster a GPU")
    room = sum(_workers_on(node, cpus, gpus) for node in nodes)
    if room == 0:
        raise ClusterError(_too_small(nodes, cpus, gpus))
    workers = min(settings.workers or room, room)
    return Placement(device=device, workers=workers, cpus_per_worker=cpus, gpus_per_worker=gpus)


def _workers_on(node: dict[str, float], cpus: float, gpus: float) -> int:
    by_cpu = int(node.get("CPU", 0) / cpus + 1e-9)
    return min(by_cpu, int(node.get("GPU", 0) / gpus + 1e-9)) if gpus else by_cpu


def _too_small(nodes: list[dict[str, float]], cpus: float, gpus: float) -> str:
    def most(name: str) -> float:
        return max((node.get(name, 0) for node in nodes), default=0)

    return (
        f"a worker needs {cpus:g} CPUs and {gpus:g} GPUs on one node, but the largest node has "
        f"{most('CPU'):g} CPUs and {most('GPU'):g} GPUs: lower --cpus-per-worker or --gpus-per-worker, or use a "
        "larger cluster"
    )


def run_packs(
    searcher: PackSearcher, dataset: Dataset, placement: Placement, *, stopping: Callable[[], bool]
) -> None:
    """Train packs until the searcher has no more, or until `stopping` says so."""
    trainable = tune.with_parameters(
        PackTrainable,
        arrays=to_arrays(dataset),
        name=dataset.name,
        head_names=dataset.head_names,
        classes=dataset.classes,
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
                stop=_StopWhen(stopping),
                callbacks=[_ErrorListener(searcher)],
                failure_config=tune.FailureConfig(max_failures=MAX_FAILURES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            ),
        ).fit()


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
        self._searcher.errors[trial.trial_id] = f"its worker died: {error}" if error else "its worker died"


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
