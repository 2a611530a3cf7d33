"""Ray: start it or reach it, ship the code, and check that there is room.

Ray is imported only once its environment is set; Ray Tune not at all.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import math
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from packtune.errors import ClusterError
from packtune.execution import lean_ray
from packtune.execution.shipping import modules_of_the_job, packed_code
from packtune.models.hardware.device import Device
from packtune.settings import LOCAL, Placement, Resources
from packtune.study.storage_url import hide_secrets

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
    "RAY_preload_python_modules": "packtune.execution.preload",
} | lean_ray.ENVIRONMENT
# On a cluster: inside a Ray job, lets this program add to the job's modules, see `_modules`; and gives up soon on a
# server that answers and is no Ray, which Ray would go on asking for a quarter of an hour.
CLUSTER_ENVIRONMENT = {
    "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",
    "RAY_NUM_REDIS_GET_RETRIES": "1",
    "RAY_py_gcs_connect_timeout_s": "10",
}

CONNECT_TIMEOUT_S = 5.0

AUTO = "auto"
"""The address that means the cluster which this machine is a node of."""


class Connection:
    """Ray being started or reached in the background, so that PyTorch can be imported meanwhile.

    A local Ray is imported before: beside PyTorch that would take twice as long, and all else waits for its processes.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        local = resources.is_local
        for name, value in (RAY_ENVIRONMENT | (LOCAL_ENVIRONMENT if local else CLUSTER_ENVIRONMENT)).items():
            os.environ.setdefault(name, value)
        if local:
            importlib.import_module("ray")
        self._pool = ThreadPoolExecutor(1)
        self._connecting = self._pool.submit(_connect, resources)

    def placement(self) -> Placement:
        """Wait for Ray, and fit the settings to it.

        Raises:
            ClusterError: nothing answers at the address, Ray does not start, or no node has what one worker needs.
        """
        self._connecting.result()
        return place(self._resources)

    def close(self) -> None:
        """Disconnect; a local Ray ends."""
        # Ray's processes die with the thread that started them, and take a driver along that is still connected:
        # the thread must outlive them.
        wait([self._connecting])
        import ray

        ray.shutdown()
        self._pool.shutdown()


@contextlib.contextmanager
def connection(resources: Resources) -> Iterator[Connection]:
    """Connect in the background, and disconnect at the end."""
    opened = Connection(resources)
    try:
        yield opened
    finally:
        opened.close()


def _connect(resources: Resources) -> None:
    local = resources.is_local
    if resources.address is not None and resources.address not in (LOCAL, AUTO):
        _check_reachable(resources.address)
    try:
        _init(resources)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ClusterError(
            f"cannot start Ray on this machine: {error}"
            if local
            else f"cannot connect to the cluster at {resources.address}: {error}. Check that the port is the one that "
            "`ray start --head` prints, that this machine is a node of the cluster, and that RAY_AUTH_MODE and "
            "RAY_AUTH_TOKEN are the cluster's"
        ) from error


def _init(resources: Resources) -> None:
    import ray

    if resources.storage is not None:
        hide_command(resources.storage)
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if resources.is_local:
        with lean_ray.lean_start():
            ray.init(address=LOCAL, include_dashboard=False, num_cpus=cpus_of(resources), **quiet)
    else:
        with packed_code() as folder:
            modules = [str(folder), *modules_of_the_job()]
            ray.init(address=resources.address, runtime_env={"py_modules": modules}, **quiet)


def hide_command(url: str) -> None:
    """Take a database's password out of this process's command line, which Ray keeps and shows to a whole cluster."""
    if any(hide_secrets(word, url) != word for word in sys.argv):
        from ray._raylet import setproctitle  # type: ignore[attr-defined]

        setproctitle("packtune")


def cpus_of(resources: Resources) -> int:
    """Give the CPUs of a local Ray: no more than the workers use, since it starts a process for each."""
    have = os.cpu_count() or 1
    return have if resources.workers is None else min(have, math.ceil(resources.workers * resources.cpus_per_worker))


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


def place(resources: Resources) -> Placement:
    """Fit the settings to Ray as it is now.

    On a cluster, packs may wait for nodes: that is what makes one with an autoscaler grow. This machine cannot grow.

    Raises:
        ClusterError: no node has what one worker needs.
    """
    nodes = _alive_nodes()
    has_gpu = any(node.get("GPU", 0) > 0 for node in nodes)
    device = resources.device or (Device.CUDA if has_gpu else Device.CPU)
    if device is Device.CPU and resources.gpus_per_worker:
        raise ClusterError(
            f"gpus_per_worker = {resources.gpus_per_worker:g}, but the packs would train on the CPU "
            f"({'--device cpu' if resources.device else 'no node has a GPU'}): leave one of the two out"
        )
    gpus = resources.gpus_per_worker if resources.gpus_per_worker is not None else float(device is Device.CUDA)
    cpus = resources.cpus_per_worker
    if device is Device.CUDA and (gpus == 0 or not has_gpu):
        given = "gpus_per_worker = 0" if has_gpu else "no node of the cluster has a GPU"
        raise ClusterError(f"device = cuda, but {given}: use --device cpu, or give the cluster a GPU")
    room = sum(_workers_on(node, cpus, gpus) for node in nodes)
    if room == 0:
        raise ClusterError(_too_small(nodes, cpus, gpus))
    at_hand = min(resources.workers or room, room)
    workers = at_hand if resources.is_local else resources.workers
    return Placement(
        device=device,
        workers=workers,
        at_hand=at_hand,
        cpus_per_worker=cpus,
        gpus_per_worker=gpus,
        threads=resources.threads,
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
