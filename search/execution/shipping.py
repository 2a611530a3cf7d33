"""The code that a cluster's nodes get from the driver: they need not have packtune installed."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import packtune
import packtune.data
import packtune.models

JOB_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""How a Ray job hands its runtime environment down to the commands that it runs."""


@contextlib.contextmanager
def packed_code() -> Iterator[Path]:
    """Give a folder `packtune` with all the code of the package, to be sent to the nodes.

    A wheel installs such a folder. A checkout keeps `models` and `data` beside `search` instead. The temporary folder
    has links to all parts, and Ray follows the links as it packs the folder.
    """
    with tempfile.TemporaryDirectory(prefix="packtune-code-") as scratch:
        folder = Path(scratch, "packtune")
        folder.mkdir()
        for entry in Path(packtune.__path__[0]).iterdir():
            if entry.name != "__pycache__":
                (folder / entry.name).symlink_to(entry)
        for part in (packtune.models, packtune.data):
            link = folder / part.__name__.rpartition(".")[2]
            if not link.exists():
                link.symlink_to(part.__path__[0])
        yield folder


def modules_of_the_job() -> list[str]:
    """List the modules of the Ray job around this program: a list that is given to Ray replaces them."""
    job = json.loads(os.environ.get(JOB_CONFIG, "{}"))
    return list((job.get("runtime_env") or {}).get("py_modules") or [])
