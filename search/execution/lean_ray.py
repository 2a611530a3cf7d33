"""Starts a local Ray without what a search has no use for. The only module with private names of Ray.

They are names of Ray 2.60, the one version that this project takes.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from packtune.execution.environment import environment

if TYPE_CHECKING:
    from ray._private.node import Node

REGISTRATION_TIMEOUT_S = 30.0  # as Ray itself waits
REGISTRATION_PAUSE_S = 0.02
DIE_WITH_PARENT = "set_kill_on_parent_death_linux"
"""The function of Ray that a process calls after it was forked, before it runs its program."""


@contextlib.contextmanager
def lean_start() -> Iterator[None]:
    """Let `ray.init`, called inside, listen on loopback only, and start no autoscaler, dashboard or log monitor.

    Each process gets a process group of its own: schedulers, containers and `timeout` signal the whole group of the
    search, and Ray must outlive that signal until the search has ended its round.

    Ray has no option for any of this. The processes that are left out take longer to start than all the rest of Ray.
    What one machine needs stays: the control service, the process of the node with its object store and memory monitor,
    and the two agents of that process, the larger of them as in Ray's minimal installation.
    """
    from ray._private import node, parameter, ray_constants, services, utils

    beyond_loopback = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
    # Ray's annotation takes the second one for a text.
    parameters = partial(parameter.RayParams, no_monitor=True, include_log_monitor=False)  # type: ignore[arg-type]
    with (
        # Ray's processes read the variable when they start; this one read it when it imported Ray.
        environment({beyond_loopback: "0"}),
        _replaced(ray_constants, "ENABLE_RAY_CLUSTER", os.environ[beyond_loopback] != "0"),
        _replaced(parameter, "RayParams", parameters),
        _replaced(node.Node, "start_api_server", _no_api_server),
        _replaced(services, "get_node", partial(_get_node_soon, services.get_node)),
        _replaced(utils, "get_dashboard_dependency_error", lambda: "not wanted"),
        _replaced(utils, "set_kill_on_parent_death_linux", partial(_leave_group, utils.set_kill_on_parent_death_linux)),
    ):
        yield


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


def _leave_group(die_with_parent: Callable[[], None]) -> None:
    """Prepare a process that Ray has forked, before it runs its program."""
    # No session of its own: Linux shares the processor among sessions, and Ray then takes a second longer to start.
    os.setpgid(0, 0)
    die_with_parent()


def _get_node_soon(get_node: Callable[[str, str], object], gcs_address: str, node_id: str) -> object:
    """Wait until a node has registered, and give what Ray knows of it. Ray itself looks only once a second."""
    from ray._private.services import _get_gcs_client_options
    from ray._private.state import GlobalState

    state = GlobalState()
    state._initialize_global_state(_get_gcs_client_options(gcs_address))
    deadline_s = time.monotonic() + REGISTRATION_TIMEOUT_S
    while not any(node["NodeID"] == node_id for node in state.node_table()) and time.monotonic() < deadline_s:
        time.sleep(REGISTRATION_PAUSE_S)
    return get_node(gcs_address, node_id)


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
