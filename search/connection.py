"""Ray: start it or reach it, ship the code, and check that there is room.

Ray is imported only once its environment is set; Ray Tune not at all.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import math
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from search import lean_ray
from search.errors import ClusterError
from search.settings import Settings
from search.storage_url import hide_secrets

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
LOCAL_ENVIRONMENT = {
    # Keeps a local Ray off every network interface but loopback.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # Its worker processes start with Ray itself, and import their libraries while this one imports its own.
    "RAY_preload_python_modules": "search.preload",
} | lean_ray.ENVIRONMENT
# On a cluster: inside a Ray job, lets this program add to the job's modules, see `_modules`; and gives up soon on a
# server that answers and is no Ray, which Ray would go on asking for a quarter of an hour.
CLUSTER_ENVIRONMENT = {
    "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",
    "RAY_NUM_REDIS_GET_RETRIES": "1",
    "RAY_py_gcs_connect_timeout_s": "10",
}

CONNECT_TIMEOUT_S = 5.0

LOCAL = "local"
"""The address that means this machine, even where RAY_ADDRESS names a cluster."""
AUTO = "auto"
"""The address that means the cluster which this machine is a node of."""
# How a Ray job hands its runtime environment down to the commands it runs.
JOB_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the packs of a search run.

    Attributes:
        device: "cpu" or "cuda".
        workers: packs to be trained at once, at most, some of them perhaps waiting for a node to join; none for as
            many as the search may have under way.
        at_hand: workers that could be busy now.
        threads: of PyTorch in a worker.
    """

    device: str
    workers: int | None
    at_hand: int
    cpus_per_worker: float
    gpus_per_worker: float
    threads: int = 1


class Connection:
    """Ray being started or reached in the background, so that PyTorch can be imported meanwhile.

    A local Ray is imported before: beside PyTorch that would take twice as long, and all else waits for its processes.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        local = _is_local(settings)
        for name, value in (RAY_ENVIRONMENT | (LOCAL_ENVIRONMENT if local else CLUSTER_ENVIRONMENT)).items():
            os.environ.setdefault(name, value)
        if local:
            importlib.import_module("ray")
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


def _is_local(settings: Settings) -> bool:
    return settings.address in (None, LOCAL)


def _connect(settings: Settings) -> None:
    local = _is_local(settings)
    if settings.address is not None and settings.address not in (LOCAL, AUTO):
        _check_reachable(settings.address)
    try:
        _init(settings)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ClusterError(
            f"cannot start Ray on this machine: {error}"
            if local
            else f"cannot connect to the cluster at {settings.address}: {error}. Check that the port is the one that "
            "`ray start --head` prints, that this machine is a node of the cluster, and that RAY_AUTH_MODE and "
            "RAY_AUTH_TOKEN are the cluster's"
        ) from error


def _init(settings: Settings) -> None:
    import ray

    if settings.storage is not None:
        hide_command(settings.storage)
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if _is_local(settings):
        with lean_ray.lean_start():
            ray.init(address=LOCAL, include_dashboard=False, num_cpus=cpus_of(settings), **quiet)
    else:
        ray.init(address=settings.address, runtime_env={"py_modules": _modules()}, **quiet)


def hide_command(url: str) -> None:
    """Take a database's password out of this process's command line, which Ray keeps and shows to a whole cluster."""
    if any(hide_secrets(word, url) != word for word in sys.argv):
        from ray._raylet import setproctitle  # type: ignore[attr-defined]

        setproctitle("packtune")


def _modules() -> list[str]:
    """List the code to ship: the nodes need not have this project installed, only Ray Tune and PyTorch.

    Inside a Ray job, the job's own modules stay: a list given here would replace theirs.
    """
    # A folder `data` in a job's working directory may stand before the package of that name, but has no such module.
    specs = [find_spec(name) for name in ("data.errors", "models.configuration", "search.errors")]
    packages = [str(Path(spec.origin).parent) for spec in specs if spec and spec.origin]
    job = json.loads(os.environ.get(JOB_CONFIG, "{}"))
    return packages + list((job.get("runtime_env") or {}).get("py_modules") or [])


def cpus_of(settings: Settings) -> int:
    """Give the CPUs of a local Ray: no more than the workers use, since it starts a process for each."""
    have = os.cpu_count() or 1
    return have if settings.workers is None else min(have, math.ceil(settings.workers * settings.cpus_per_worker))


def _check_reachable(address: str) -> None:
    if "://" in address:
        raise ClusterError(
            f"the address {address!r} is not allowed: a search runs on a node of its cluster, and takes HOST:PORT or "
            f"auto there; from elsewhere, send it with `ray job submit --address {address} -- packtune run ...`; "
            "--address local searches on this machine"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterError(
            f"the address {address!r} is not allowed: write HOST:PORT, such as 127.0.0.1:6379, or auto for the "
            "cluster that this machine is a node of, or local for this machine alone"
        )
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"nothing answers at {address} ({error}): check the host and port (`ray start --head` prints them) and "
            "that the cluster runs, or use --address local to search on this machine"
        ) from error


def place(settings: Settings) -> Placement:
    """Fit the settings to Ray as it is now.

    On a cluster, packs may wait for nodes: that is what makes one with an autoscaler grow. This machine cannot grow.

    Raises:
        ClusterError: no node has what one worker needs.
    """
    nodes = _alive_nodes()
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
    at_hand = min(settings.workers or room, room)
    workers = at_hand if _is_local(settings) else settings.workers
    return Placement(
        device=device,
        workers=workers,
        at_hand=at_hand,
        cpus_per_worker=cpus,
        gpus_per_worker=gpus,
        threads=settings.threads,
    )


def can_hold_worker(placement: Placement) -> bool:
    """Tell whether some node is large enough for a worker, busy or not."""
    return any(_workers_on(node, placement.cpus_per_worker, placement.gpus_per_worker) for node in _alive_nodes())


def _alive_nodes() -> list[dict[str, float]]:
    """List the resources of the nodes, by name."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


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
