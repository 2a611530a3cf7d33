"""The command line's options that several commands share, and how their words are understood."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from search.errors import SettingsError, suggest_name
from search.protocol import Protocol

DEFAULT_TRIALS = 32
STORAGE_VARIABLE = "PACKTUNE_STORAGE"


class Device(StrEnum):
    """Where packs are trained."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class PrecisionOption(StrEnum):
    """In which numbers large products are computed."""

    AUTO = "auto"
    FLOAT32 = "float32"
    TF32 = "tf32"
    BFLOAT16 = "bfloat16"


Results = Annotated[Path, typer.Option(help="Folder of all results; runs lie in RESULTS/runs/NAME.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder with MNIST's four files; else they are downloaded.")]
Workers = Annotated[
    int | None, typer.Option(help="Packs trained at once. [default: as many as fit, also on nodes that join later]")
]
CpusPerWorker = Annotated[float, typer.Option(help="CPUs of each worker; fractions are allowed.")]
GpusPerWorker = Annotated[float | None, typer.Option(help="GPUs of each worker; fractions are allowed.")]
Address = Annotated[
    str | None,
    typer.Option(
        envvar="RAY_ADDRESS",
        metavar="HOST:PORT|auto|local",
        help="The Ray cluster to train on; auto: the one this machine is a node of; local: this machine alone. "
        "[default: local]",
    ),
]
Storage = Annotated[
    str | None,
    typer.Option(
        envvar=STORAGE_VARIABLE, metavar="URL", help="Database of the study. [default: a journal file in the run]"
    ),
]
TimeBudget = Annotated[float | None, typer.Option(metavar="SECONDS", help="Stop after this long; resume goes on.")]
MaxFailures = Annotated[
    int | None, typer.Option(help="Times a pack whose worker died is trained again before it is split. [default: 3]")
]
CheckpointInterval = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Time between checkpoints of a pack that takes longer. [default: 30]"),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say of each shape how large its packs are, and why.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, or its folder.")]


def given(**options: Any) -> dict[str, Any]:
    """Leave out the options that were not given."""
    return {name: value for name, value in options.items() if value is not None}


def check_replicates(replicates: int, sampler: str, *, halving: bool) -> None:
    """Refuse replicates that make no sense.

    Raises:
        SettingsError: there are none, nothing is listed, or only the best of them would be trained to the end.
    """
    if replicates < 1:
        raise SettingsError(f"replicates = {replicates} is not allowed: give 1 or more")
    if replicates > 1 and sampler != "grid":
        raise SettingsError(
            f"replicates = {replicates} is not allowed with the sampler {sampler}: they are of a list, that is of a "
            "space without ranges and the sampler grid"
        )
    if replicates > 1 and halving:
        raise SettingsError(
            f"replicates = {replicates} is not allowed with halving, which would leave only the luckiest of them in "
            "the mean: leave --halving out"
        )


def count_trials(given: int | None, listed: int | None) -> int:
    """Give the number of trials: as asked, or all of a list, or the default."""
    if listed is None:
        return DEFAULT_TRIALS if given is None else given
    return listed if given is None else min(given, listed)


def parse_protocol(given: str | None, default: Protocol) -> Protocol:
    """Read a protocol's name.

    Raises:
        SettingsError: no such protocol.
    """
    if given is not None and given not in list(Protocol):
        raise SettingsError(f"unknown protocol {given!r}.{suggest_name(given, Protocol)}")
    return default if given is None else Protocol(given)


def parse_pack_size(text: str) -> dict[str, Any]:
    """Read a number of members, or auto, as settings.

    Raises:
        SettingsError: it is neither.
    """
    if text == "auto":
        return {}
    if not text.isdecimal():
        raise SettingsError(f"pack-size = {text!r} is not allowed: give auto, or a whole number from 1")
    return {"pack_size": int(text)}
