"""The address of a cluster: which ones are allowed, and whether something answers there. Knows nothing of Ray."""

from __future__ import annotations

import socket

from packtune.errors import ClusterError

AUTO = "auto"
"""The address that means the cluster which this machine is a node of."""
CONNECT_TIMEOUT_S = 5.0


def check_address(address: str) -> None:
    """Make sure that something answers at HOST:PORT.

    Raises:
        ClusterError: the address is something else, or nothing answers.
    """
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
