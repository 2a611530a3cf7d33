"""The options that several commands share, and how their words are understood."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from packtune.cli.looking.completion import complete_columns, complete_runs, one_of
from packtune.cli.parsing import duration_s, number, whole_number
from packtune.errors import SettingsError
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.training.metrics.catalog import Metric
from packtune.run.find import STORAGE_VARIABLE
from packtune.run.planning import OwnDataOptions
from packtune.run.settings_file import AUTO

IMAGE_SIZE = re.compile(r"(?P<height>\d{1,6})[x×](?P<width>\d{1,6})")

Results = Annotated[Path, typer.Option(help="Folder of all results; runs lie in RESULTS/runs/NAME.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder with the four files of MNIST; else they are downloaded.")]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN[,COLUMN]",
        help="Of a table: the column to be predicted, or several.",
        autocompletion=complete_columns,
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Of a table: rows with the same value here stay in one split, as of a patient.",
        autocompletion=complete_columns,
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="FILE.py", help="A network of your own, which this Python file builds; the file is run."
    ),
]
ValidationShare = Annotated[
    float | None,
    typer.Option(
        parser=number, metavar="X", help="Of what is not for the test: the share for validation. [default: by size]"
    ),
]
TestShare = Annotated[
    float | None,
    typer.Option(parser=number, metavar="X", help="Of all examples: the share for the test. [default: by size]"),
]
ImageSize = Annotated[
    str | None,
    typer.Option(metavar="HxW", help="Scale pictures to this height and width. [default: the size that all have]"),
]
MetricName = Annotated[
    str,
    typer.Option(
        metavar="|".join(Metric),
        help="By which trials are compared, stopped early and selected.",
        autocompletion=one_of(Metric),
    ),
]
SameMetric = Annotated[
    str | None, typer.Option(metavar="|".join(Metric), help="The metric of the run: it cannot change.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        parser=whole_number,
        metavar="N",
        help="Packs trained at once. [default: as many as fit, nodes that join later too]",
    ),
]
CpusPerWorker = Annotated[
    float, typer.Option(parser=number, metavar="X", help="CPUs of each worker; fractions are allowed.")
]
GpusPerWorker = Annotated[
    float | None, typer.Option(parser=number, metavar="X", help="GPUs of each worker; fractions are allowed.")
]
DeviceName = Annotated[
    str,
    typer.Option(
        metavar="|".join([AUTO, *Device]),
        help="Where packs are trained.",
        autocompletion=one_of([AUTO, *Device]),
    ),
]
PRECISIONS = "|".join([AUTO, *Precision])
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
TimeBudget = Annotated[
    float | None,
    typer.Option(parser=duration_s, metavar="DURATION", help="Stop after this long: 90, 10m, 2h; resume goes on."),
]
MaxFailures = Annotated[
    int | None,
    typer.Option(
        parser=whole_number,
        metavar="N",
        help="Times a pack whose worker died is trained again before it is split. [default: 3]",
    ),
]
CheckpointInterval = Annotated[
    float | None,
    typer.Option(
        parser=duration_s,
        metavar="DURATION",
        help="Time between checkpoints of a pack that takes longer. [default: 30s]",
    ),
]
TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        help="Write event files for TensorBoard into the folder of the run, RUN/tensorboard.",
    ),
]
Mlflow = Annotated[
    str | None,
    typer.Option(
        "--mlflow",
        metavar="URI",
        help="Log trials, tables and the model to MLflow: http://HOST:PORT, or sqlite:///mlflow.db.",
    ),
]
ShowProgress = Annotated[
    bool, typer.Option("--progress/--no-progress", help="Show how far the search is. What happens is told in any case.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say of each shape how large its packs are, and why.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs: numbers in full, null where unknown.")]
RunNames = Annotated[
    list[str],
    typer.Argument(metavar="RUN...", help="Names of runs, or their folders.", autocompletion=complete_runs),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Name of a run, or its folder.", autocompletion=complete_runs)
]


def parse_pack_size(text: str) -> int | None:
    """Read a number of members; none for "auto".

    Raises:
        SettingsError: it is neither.
    """
    if text == AUTO:
        return None
    if not text.isdecimal():
        raise SettingsError(f"pack-size = {text!r} is not allowed: give auto, or a whole number from 1")
    return int(text)


def own_data_options(
    target: str | None,
    group: str | None,
    validation_share: float | None,
    test_share: float | None,
    image_size: str | None,
) -> OwnDataOptions:
    """Gather what is said of data of the user's own.

    Raises:
        SettingsError: the image size is none.
    """
    return OwnDataOptions(
        target=split_names(target),
        group=group,
        validation_share=validation_share,
        test_share=test_share,
        image_size=None if image_size is None else parse_image_size(image_size),
    )


def split_names(text: str | None) -> list[str]:
    """Read names with commas between them."""
    return [name.strip() for name in text.split(",")] if text else []


def parse_image_size(text: str) -> tuple[int, int]:
    """Read a height and a width, such as 32x48.

    Raises:
        SettingsError: the text is none.
    """
    found = IMAGE_SIZE.fullmatch(text.strip().lower())
    if found is None:
        raise SettingsError(f"image-size = {text!r} is not allowed: give height and width in pixels, such as 32x48")
    return int(found["height"]), int(found["width"])


def storage_of(context: typer.Context) -> tuple[str | None, str | None]:
    """Give the storage that the user asked for, and the one that the environment names, which serves as a fallback."""
    value = context.params.get("storage")
    source = context.get_parameter_source("storage")
    is_asked = source is not None and source.name == "COMMANDLINE"
    return (value, None) if is_asked else (None, value)
