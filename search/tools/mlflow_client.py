"""Connects to MLflow, with short timeouts and in silence."""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "packtune"
"""The experiment that runs belong to, unless MLFLOW_EXPERIMENT_NAME names another."""
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds; 120 by default
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # 7 by default, which takes minutes
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",  # what was sent is known at once
}
"""What MLflow takes from its environment only; what is set there already stays."""
PORTS = {"http": 80, "https": 443}
LOOK_S = 10.0
QUIET = ("mlflow", "alembic", "urllib3")


def look_at(uri: str) -> None:
    """Make sure that a server listens, without importing MLflow; a database, or a server behind a proxy, is not asked.

    Raises:
        OSError: no server listens there.
    """
    parts = urlsplit(uri)
    port = PORTS.get(parts.scheme)
    if port is None or not parts.hostname or (getproxies().get(parts.scheme) and not proxy_bypass(parts.hostname)):
        return
    socket.create_connection((parts.hostname, parts.port or port), timeout=LOOK_S).close()


def connect(uri: str) -> MlflowClient:
    """Make a client. It has not asked the server anything yet, but a database's tables are there.

    Args:
        uri: of a server, http://HOST:PORT, or of a database, sqlite:///FILE.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow.tracking import MlflowClient

    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return MlflowClient(tracking_uri=uri)


def find_experiment(client: MlflowClient) -> str:
    """Give the id of the experiment that runs belong to; it is made if there is none."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    known = client.get_experiment_by_name(name)
    return str(known.experiment_id if known else client.create_experiment(name))
