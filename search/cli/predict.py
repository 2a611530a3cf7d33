"""The command `predict`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.looking.completion import complete_runs
from packtune.cli.options import Model, Results
from packtune.report.console import error_console, print_result, try_to_print

EXAMPLES = """Examples:

  packtune predict digits-wide-001 scans.npz > labels.csv

  packtune predict flowers.pt new-pictures/ --probabilities

  packtune predict results/runs/wine-wide-001 new-wines.csv
"""
SOME_UNREADABLE = 1


def predict(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A run, by its name or its folder, for the model of its winner; or a file from "
            "`packtune best --export`.",
            autocompletion=complete_runs,
        ),
    ],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A picture (PNG, JPEG, WebP, BMP, TIFF, GIF), a folder of pictures, `.npz`, IDX; or a table, if the "
            "model was trained on one.",
        ),
    ],
    prepare: Annotated[
        str,
        typer.Option(
            metavar="auto|none",
            help="auto: for a model of a built-in data set, images of another size are cut out, scaled and centred "
            "like those of the training, dark ink is inverted, and blank images get no label; for one of your own "
            "digits, drawings are. none: images are taken as they are.",
        ),
    ] = "auto",
    like: Annotated[
        str | None,
        typer.Option(
            metavar="mnist",
            help="For a model of your own digits: cut out, scale and centre each image as those of MNIST were.",
        ),
    ] = None,
    network: Model = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Add a column for each class, with its probability.")
    ] = False,
    results: Results = Path("results"),
) -> None:
    """Label new examples with a trained model; writes CSV to stdout: a row an example, with its class.

    Exits with 1 if some pictures could not be read; the others are labelled.
    """
    with errors_shown():
        from packtune.interface import prediction
        from packtune.report.live.views import view_for
        from packtune.report.rendering import to_csv
        from packtune.run.network.finding import find_network
        from packtune.run.own.finding import reading_progress

        if network is not None:
            find_network(network)
        with closing(view_for(error_console())) as view:
            found = prediction.predict(
                model,
                path,
                prepare=prepare,
                like=like,
                probabilities=probabilities,
                results=results,
                progress=reading_progress(view),
            )
        if found.summary:
            try_to_print(found.summary)
        print_result(to_csv(found.labels), end="")
    if found.unreadable:
        raise typer.Exit(SOME_UNREADABLE)
