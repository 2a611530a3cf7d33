"""Fits the resources of a search to the nodes that Ray has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packtune.errors import ClusterError
from packtune.models.hardware.device import Device
from packtune.settings import Placement, Resources

Node = Mapping[str, float]
"""What a node has of each resource: "CPU", "GPU" ..."""


def place(resources: Resources) -> Placement:
    """Fit the resources to Ray as it is now.

    On a cluster, packs may wait for nodes that are still to join: an autoscaler adds nodes because packs wait. A single
    machine cannot grow.

    Raises:
        ClusterError: no node has what one worker needs.
    """
    nodes = _alive_nodes()
    has_gpu = any(node.get("GPU", 0) > 0 for node in nodes)
    device = resources.device or (Device.CUDA if has_gpu else Device.CPU)
    cpus, gpus = resources.cpus_per_worker, _gpus_per_worker(resources, device, has_gpu)
    capacity = sum(_workers_on(node, cpus, gpus) for node in nodes)
    if capacity == 0:
        raise ClusterError(_too_small(nodes, cpus, gpus))
    at_hand = min(resources.workers or capacity, capacity)
    return Placement(
        device=device,
        workers=at_hand if resources.is_local else resources.workers,
        at_hand=at_hand,
        cpus_per_worker=cpus,
        gpus_per_worker=gpus,
        threads=resources.threads,
    )


def can_hold_worker(placement: Placement) -> bool:
    """Tell whether some node is large enough for a worker, busy or not."""
    return any(_workers_on(node, placement.cpus_per_worker, placement.gpus_per_worker) for node in _alive_nodes())


def _gpus_per_worker(resources: Resources, device: Device, has_gpu: bool) -> float:
    if device is Device.CPU and resources.gpus_per_worker:
        raise ClusterError(
            f"gpus_per_worker = {resources.gpus_per_worker:g}, but the packs would train on the CPU "
            f"({'--device cpu' if resources.device else 'no node has a GPU'}): leave one of the two out"
        )
    gpus = resources.gpus_per_worker if resources.gpus_per_worker is not None else float(device is Device.CUDA)
    if device is Device.CUDA and (gpus == 0 or not has_gpu):
        given = "gpus_per_worker = 0" if has_gpu else "no node of the cluster has a GPU"
        raise ClusterError(f"device = cuda, but {given}: use --device cpu, or give the cluster a GPU")
    return gpus


def _alive_nodes() -> list[Node]:
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _workers_on(node: Node, cpus: float, gpus: float) -> int:
    by_cpu = int(node.get("CPU", 0) / cpus + 1e-9)
    return min(by_cpu, int(node.get("GPU", 0) / gpus + 1e-9)) if gpus else by_cpu


def _too_small(nodes: Sequence[Node], cpus: float, gpus: float) -> str:
    def most(name: str) -> float:
        return max((node.get(name, 0) for node in nodes), default=0)

    return (
        f"a worker needs {cpus:g} CPUs and {gpus:g} GPUs on one node, but the largest node has "
        f"{most('CPU'):g} CPUs and {most('GPU'):g} GPUs: lower --cpus-per-worker or --gpus-per-worker, or use a "
        "larger cluster"
    )
