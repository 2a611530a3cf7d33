"""Ray: start it or reach it, and check that it has room.

Ray is imported only once its environment is set, and in the background, since it takes a second; Ray Tune not at all.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import data
import models
import search
from search.errors import ClusterError
from search.settings import Settings

# Ray reads these when it is imported. They turn off what a search does not use: log files of Ray Tune, its own
# Ctrl-C handling, its snapshots, usage reports.
RAY_ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_WARN_THRESHOLD_S": "60",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
# Keeps a local Ray off every network interface but loopback.
LOCAL_ENVIRONMENT = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}

CONNECT_TIMEOUT_S = 5.0


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


class Connection:
    """Ray being started or reached in the background, so that PyTorch can be imported meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(1)
        self._connecting = self._pool.submit(_connect, settings)

    def placement(self) -> Placement:
        """Wait for Ray, and fit the settings to it.

        Raises:
            ClusterError: nothing answers at the address, Ray does not start, or no node has what one worker needs.
        """
        self._connecting.result()
        return place(self._settings)

    def close(self) -> None:
        """Disconnect; a local Ray ends."""
        # Ray's processes die with the thread that started them, and take a driver along that is still connected:
        # the thread must outlive them.
        wait([self._connecting])
        import ray

        ray.shutdown()
        self._pool.shutdown()


@contextlib.contextmanager
def connection(settings: Settings) -> Iterator[Connection]:
    """Connect in the background, and disconnect at the end."""
    opened = Connection(settings)
    try:
        yield opened
    finally:
        opened.close()


def _connect(settings: Settings) -> None:
    if settings.address is not None:
        _check_reachable(settings.address)
    for name, value in (RAY_ENVIRONMENT | ({} if settings.address else LOCAL_ENVIRONMENT)).items():
        os.environ.setdefault(name, value)
    try:
        _init(settings)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"to the cluster at {settings.address}" if settings.address else "to a local Ray"
        raise ClusterError(f"cannot connect {where}: {error}") from error


def _init(settings: Settings) -> None:
    import ray

    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if settings.address is None:
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
    import ray

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
