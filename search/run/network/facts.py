"""What a run's folder says of a network of the user's own. Its source there is never run, only looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from packtune.errors import SettingsError
from packtune.files import make_folder, write_bytes, write_text
from packtune.models.own.hyperparameters import NetworkSpace, network_space

FACTS = "network.json"
SOURCE = "network"
"""The folder with the source."""


def write_facts(folder: Path, network: NetworkSpace, files: Mapping[str, bytes]) -> None:
    """Write what is known of a network, and its source.

    Args:
        folder: of the run.
        files: the source by relative path.

    Raises:
        RunError: it cannot be written.
    """
    for name, content in files.items():
        path = folder / SOURCE / name
        make_folder(path.parent)
        write_bytes(path, content)
    facts = {"architecture": network.architecture, "digest": network.digest, "hyperparameters": network.table}
    write_text(folder / FACTS, json.dumps(facts, indent=1) + "\n")


def read_facts(folder: Path, file: str) -> NetworkSpace:
    """Read what `write_facts` wrote.

    Args:
        file: where the network came from.

    Raises:
        SettingsError: it is missing or damaged.
    """
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        architecture, digest, table = facts["architecture"], facts["digest"], facts["hyperparameters"]
        if not (isinstance(architecture, str) and isinstance(digest, str) and isinstance(table, dict)):
            raise ValueError("it has other values")
        return network_space(file=file, architecture=architecture, digest=digest, table=table)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{folder / FACTS} is missing or damaged ({error}), which says what the network of the run is: restore it "
            "from a copy, or start a new run"
        ) from error
