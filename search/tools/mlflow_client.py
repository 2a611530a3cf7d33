"""Connects to MLflow, with short timeouts and in silence."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

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
QUIET = ("mlflow", "alembic", "urllib3")


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
