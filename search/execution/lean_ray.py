"""Starts a local Ray without what a search has no use for. The only module with private names of Ray.

They are names of Ray 2.60, the one version that this project takes.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.execution.environment import environment
from packtune.execution.ray_start import RayStart
from packtune.limits import memory_limit
from packtune.signals import SIGNALS

if TYPE_CHECKING:
    from ray._private.node import Node
    from ray.air.execution._internal.tracked_actor_task import TrackedActorTask

REGISTRATION_TIMEOUT_S = 30.0  # as Ray itself waits
PORT_TIMEOUT_MS = 1000  # once its file is there
RAYLET_TIMEOUT_S = 2.0
RAYLET, GCS = "raylet", "gcs_server"


@contextlib.contextmanager
def lean_start(start: RayStart) -> Iterator[None]:
    """Let `ray.init`, called inside, listen on loopback only, and start no autoscaler, dashboard or log monitor.

    Each process gets a process group of its own, and blocks `SIGNALS`, as do the workers that it starts: schedulers,
    containers and `timeout` signal the whole group of the search, or its every process, and Ray must outlive that
    signal until the search has ended its round. What blocks SIGTERM has to be ended by `lean_end`.

    Ray has no option for any of this. The processes that are left out take longer to start than all the rest of Ray.
    What one machine needs stays: the control service, the process of the node with its object store and memory monitor,
    and the two agents of that process, the larger of them as in Ray's minimal installation.

    Args:
        start: watches the processes, so that nothing is waited for that cannot come.
    """
    from ray._private import node, parameter, ray_constants, services, utils

    wait_for_port = node.wait_for_persisted_port  # type: ignore[attr-defined]
    beyond_loopback = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
    # Ray's annotation takes the second one for a text.
    parameters = partial(parameter.RayParams, no_monitor=True, include_log_monitor=False)  # type: ignore[arg-type]
    with (
        # Ray's processes read the variable when they start; this one read it when it imported Ray.
        environment({beyond_loopback: "0"}),
        _replaced(ray_constants, "ENABLE_RAY_CLUSTER", os.environ[beyond_loopback] != "0"),
        _replaced(parameter, "RayParams", parameters),
        _replaced(node.Node, "start_api_server", _no_api_server),
        _replaced(services, "get_node", partial(_get_node_soon, start, services.get_node)),
        _replaced(services, "ConsolePopen", partial(start.open, services.ConsolePopen)),
        _replaced(node, "wait_for_persisted_port", partial(_wait_for_port, start, wait_for_port)),
        _replaced(utils, "estimate_available_memory", partial(_available_memory, utils.estimate_available_memory)),
        _replaced(utils, "get_dashboard_dependency_error", lambda: "not wanted"),
        _replaced(utils, "set_kill_on_parent_death_linux", _in_own_group(utils.set_kill_on_parent_death_linux)),
    ):
        yield


def forget_token() -> None:
    """Let Ray read anew with which token a client proves itself: it keeps the first that it has read."""
    from ray._raylet import AuthenticationTokenLoader  # type: ignore[attr-defined]

    AuthenticationTokenLoader.instance().reset_cache()


def lean_end() -> None:
    """Disconnect from Ray. A local one ends: Ray would send its processes a SIGTERM, which they block."""
    import ray
    from ray._private import worker

    node = worker._global_node
    if node is None or not node.all_processes:
        ray.shutdown()
        return
    with _replaced(node, "kill_all_processes", partial(_end_processes, node, node.kill_all_processes)):
        ray.shutdown()


def _end_processes(node: Node, kill: Callable[..., None], **how: bool) -> None:
    """Let the process of a node end its workers and agents; what is still there after that is killed."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined]

    processes = {kind: infos[0].process for kind, infos in node.all_processes.items()}
    with contextlib.suppress(Exception):  # whatever is wrong with Ray, it has to end
        GcsClient(address=node.gcs_address).drain_nodes([bytes.fromhex(str(node._node_id))])
        processes[RAYLET].wait(RAYLET_TIMEOUT_S)
        processes[GCS].kill()  # it waits for a second, and has nothing to write
        processes[GCS].wait()
    kill(**{**how, "allow_graceful": False})


def ended_processes() -> list[str]:
    """List the processes of the Ray which this process started that have ended, and how: "raylet (SIGKILL)"."""
    from ray._private import worker

    node = worker._global_node
    return [] if node is None else [f"{kind} ({_how(process.poll())})" for kind, process in node.dead_processes()]


def _how(returned: int | None) -> str:
    """Put in words how a process ended, from what `Popen.poll` gives."""
    return signal.Signals(-returned).name if returned is not None and returned < 0 else f"exit code {returned}"


def rename_process(name: str) -> None:
    """Replace the command line of this process. Ray brings the only function for it, and does not export it."""
    from ray._raylet import setproctitle  # type: ignore[attr-defined]

    setproctitle(name)


def keep_idle_workers() -> None:
    """Let the actors of Ray Tune run in the idle processes of a local Ray, which have imported everything.

    Ray Tune gives its actors an environment variable that only PyTorch Lightning reads. An actor with an environment of
    its own gets a new process.
    """
    from ray.tune.execution import class_cache

    class_cache.DEFAULT_ENV_VARS.pop("PL_DISABLE_FORK", None)


def keep_idle_actors() -> None:
    """Let Ray Tune keep all actors that have nothing to do until its search ends. By itself, it keeps one alone.

    At the end of each stage of a search, and where a pack has to wait for the results of others, actors are idle for a
    moment. A new one would import everything again, which takes about three seconds.
    """
    from ray.tune.utils.object_cache import _ObjectCache

    def keep(cache: _ObjectCache, key: object, actor: object) -> bool:
        cache._cached_objects[key].append(actor)
        cache._num_cached_objects += 1
        return True

    def give_up(cache: _ObjectCache, force_all: bool = False) -> Iterator[object]:
        while force_all and cache._num_cached_objects:
            yield cache.pop_cached_object(next(key for key, kept in cache._cached_objects.items() if kept))

    _ObjectCache.cache_object = keep  # type: ignore[method-assign,assignment]
    _ObjectCache.flush_cached_objects = give_up  # type: ignore[method-assign,assignment]


def take_every_death() -> None:
    """Let Ray Tune take every error of Ray's as the death of an actor, such as one by Ray's memory monitor.

    It knows two classes of errors, and ends with an error of its own when it meets another.
    """
    from ray.air.execution._internal.actor_manager import RayActorManager
    from ray.exceptions import RayActorError, RayTaskError

    take = RayActorManager._actor_task_failed

    def take_any(manager: RayActorManager, tracked_actor_task: TrackedActorTask, exception: Exception) -> None:
        is_known = isinstance(exception, RayActorError | RayTaskError)
        known = exception if is_known else RayActorError(error_msg=f"{type(exception).__name__}: {exception}")
        take(manager, tracked_actor_task, known)

    RayActorManager._actor_task_failed = take_any  # type: ignore[method-assign,assignment]


def _in_own_group(die_with_parent: Callable[[], None]) -> Callable[[], None]:
    """Make what a process that Ray has forked does before it runs its program."""
    parent = os.getpid()

    def prepare() -> None:
        # No session of its own: Linux shares the processor among sessions, and Ray then takes a second longer to start.
        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        die_with_parent()
        if os.getppid() != parent:  # which ended before that: nobody would end this process
            os._exit(1)

    return prepare


def _get_node_soon(start: RayStart, get_node: Callable[[str, str], object], gcs_address: str, node_id: str) -> object:
    """Wait until a node has registered, and give what Ray knows of it. Ray itself looks only once a second."""
    from ray._private.services import _get_gcs_client_options
    from ray._private.state import GlobalState

    state = GlobalState()
    state._initialize_global_state(_get_gcs_client_options(gcs_address))
    start.wait_until(lambda: any(node["NodeID"] == node_id for node in state.node_table()), REGISTRATION_TIMEOUT_S)
    node = get_node(gcs_address, node_id)
    start.note_up()
    return node


def _wait_for_port(
    start: RayStart, wait: Callable[..., int], folder: str, node_id: str, name: str, timeout_ms: int
) -> int:
    """Wait for the file in which the control service writes its port. Ray itself does not look whether it runs."""
    from ray._raylet import get_port_filename  # type: ignore[attr-defined]

    start.wait_until(Path(folder, get_port_filename(node_id, name)).exists, timeout_ms / 1000)
    return wait(folder, node_id, name, timeout_ms=PORT_TIMEOUT_MS)


def _available_memory(estimate: Callable[[], int]) -> int:
    """Give the bytes of which Ray takes a share for its object store. Ray looks at the outermost control group only."""
    limit = memory_limit()
    return estimate() if limit is None else min(estimate(), limit)


def _no_api_server(node: Node, **wishes: object) -> None:
    node._webui_url = ""


@contextlib.contextmanager
def _replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """Put another value in the place of an attribute for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
