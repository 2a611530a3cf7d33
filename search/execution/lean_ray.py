"""Starts a local Ray without the processes that a search has no use for; they take longer than all the rest of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

# Ray's processes look for one another's sockets again after this time, where it is a second by default; a node that
# looks for its object store for the first time is nearly always too early.
ENVIRONMENT = {
    "RAY_raylet_client_connect_timeout_milliseconds": "20",
    "RAY_raylet_client_num_connect_attempts": "500",
}


@contextlib.contextmanager
def lean_start() -> Iterator[None]:
    """Let `ray.init`, called inside, start neither autoscaler, dashboard server nor log monitor.

    Ray offers no option for it. What one machine needs stays: the control service, the node's own process with its
    object store and memory monitor, and that process's two agents, the larger of them as in Ray's minimal
    installation. These are inner names of Ray 2.60, the one version that this project takes.
    """
    from ray._private import node, parameter, utils

    wishes: dict[str, Any] = {"no_monitor": True, "include_log_monitor": False}
    parameters = partial(parameter.RayParams, **wishes)
    with (
        _replaced(parameter, "RayParams", parameters),
        _replaced(node.Node, "start_api_server", _no_api_server),
        _replaced(utils, "get_dashboard_dependency_error", lambda: "not wanted"),
    ):
        yield


def _no_api_server(node: Any, **wishes: Any) -> None:
    node._webui_url = ""


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Put another value in the place of an attribute for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
