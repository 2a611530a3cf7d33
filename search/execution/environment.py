"""The environment variables that Ray reads: set for one search, and put back after it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

# Turns off what Ray Tune does beside training: log files, its own handling of Ctrl-C, warnings of slow steps,
# snapshots, and a second way to show progress.
TUNE = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_WARN_THRESHOLD_S": "60",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "RAY_AIR_NEW_OUTPUT": "0",
}
# For a Ray that the search connects to itself: no usage reports, and no warning of a change to GPU variables.
RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
LOCAL = {
    # The worker processes start together with Ray, and import their libraries while the driver imports its own.
    "RAY_preload_python_modules": "packtune.worker.preload",
    # Ray's processes look for one another's sockets again after this time, where a second is the default. A node that
    # looks for its object store for the first time is nearly always too early.
    "RAY_raylet_client_connect_timeout_milliseconds": "20",
    "RAY_raylet_client_num_connect_attempts": "500",
}
CLUSTER = {
    # Inside a Ray job, lets a driver add to the modules of the job, see `modules_of_the_job`.
    "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",
    # Ray gives up soon on a server that answers and is no Ray. By default it asks for a quarter of an hour.
    "RAY_NUM_REDIS_GET_RETRIES": "1",
    "RAY_py_gcs_connect_timeout_s": "10",
}


# Variables of Python that are meant for the user's program. Ray's own processes end at once with some of them.
NOT_FOR_RAY: dict[str, str | None] = {"PYTHONWARNINGS": None, "PYTHONDEVMODE": None, "PYTHONINSPECT": None}


@contextlib.contextmanager
def changed(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables for a while, even those that the user has set; none takes one out."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def environment(*groups: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while, except those that the user has set.

    At the end, the variables that Ray has set are put back too: its way to authenticate a client, and the debugger
    that `breakpoint` starts.
    """
    before = dict(os.environ)
    for group in groups:
        for name, value in group.items():
            os.environ.setdefault(name, value)
    try:
        yield
    finally:
        for name in [name for name in os.environ if _is_of_ray(name)]:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]


def _is_of_ray(name: str) -> bool:
    return name.startswith(("RAY_", "TUNE_")) or name == "PYTHONBREAKPOINT"
