"""What a user gave a search to begin with, kept in the folder of its run: resuming needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from packtune.errors import RunError
from packtune.files import write_text
from packtune.models.configuration import Configuration
from packtune.proposals.given import NOTHING, EarlierTrial, Given, Tries
from packtune.trial import Outcome

GIVEN = "given.json"
FORMAT_VERSION = 1


def write_given(given: Given, folder: Path) -> None:
    """Keep what was given; nothing is written if nothing was.

    Raises:
        RunError: the file cannot be written.
    """
    if given == NOTHING:
        return
    values = {
        "version": FORMAT_VERSION,
        "tries": [
            {"first": each.first, "configurations": [c.to_plain() for c in each.configurations]} for each in given.tries
        ],
        "earlier": [{"values": dict(each.values), "outcome": _short(each.outcome)} for each in given.earlier],
    }
    write_text(folder / GIVEN, json.dumps(values, indent=1) + "\n")


def read_given(folder: Path) -> Given:
    """Read what was given; nothing if the folder has no such file.

    Raises:
        RunError: the file is damaged, or of a newer version.
    """
    file = folder / GIVEN
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if values["version"] == FORMAT_VERSION:
            return _given(values)
    except FileNotFoundError:
        return NOTHING
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"cannot read {file} ({error}): restore it from a copy, or start a new run") from error
    raise RunError(f"{file} is of version {values['version']!r}, not {FORMAT_VERSION}: use a newer packtune")


def _short(outcome: Outcome) -> Mapping[str, object]:
    """Write of an outcome what a sampler learns from."""
    return replace(outcome.sealed(), right_validation=None, seconds=0.0).to_json()


def _given(values: Mapping[str, Any]) -> Given:
    return Given(
        tries=tuple(
            Tries(first=int(each["first"]), configurations=tuple(map(Configuration.from_dict, each["configurations"])))
            for each in values["tries"]
        ),
        earlier=tuple(
            EarlierTrial(values=dict(each["values"]), outcome=Outcome.from_json(each["outcome"]))
            for each in values["earlier"]
        ),
    )
