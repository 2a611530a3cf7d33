"""What the driver and a worker send to each other. Ray Tune carries dicts: their keys are known here alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packtune.dispatch.pack_task import PackReport, PackTask

CONTENT = "packtune"
DONE = "done"
"""Ray Tune's own key, which ends its trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDone:
    """A pack has trained a round, and trains on.

    Attributes:
        epoch: epochs trained so far.
        checkpoint: where the training stands; none if no checkpoint was due.
    """

    epoch: int
    checkpoint: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackDone:
    """A pack has ended: it was trained to its end, or its training raised an error."""

    report: PackReport


Message = RoundDone | PackDone


def write_task(task: PackTask) -> dict[str, object]:
    """Put a task into the configuration of a Ray Tune trial."""
    return {CONTENT: task}


def read_task(config: Mapping[str, object]) -> PackTask:
    """Take the task out of the configuration of a Ray Tune trial.

    Raises:
        TypeError: the configuration has none.
    """
    task = config.get(CONTENT)
    if not isinstance(task, PackTask):
        raise TypeError(f"a worker got no task, but {config!r}")
    return task


def write_message(message: Message) -> dict[str, object]:
    """Put a message of a worker into a Ray Tune result."""
    return {CONTENT: message, DONE: isinstance(message, PackDone)}


def read_message(result: Mapping[str, object]) -> Message | None:
    """Take the message of a worker out of a Ray Tune result; none if the worker has sent none."""
    message = result.get(CONTENT)
    return message if isinstance(message, RoundDone | PackDone) else None
