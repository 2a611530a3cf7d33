"""The command `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.report.console import print_result, try_to_print

EXAMPLE = "Example: packtune predict digits.pt scans.npz > labels.csv"


def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file from `packtune best --export`.")],
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGES",
            help="Light digits on a dark ground, 28 x 28: `.npz` with uint8 images [n, h, w], IDX, a PNG or a folder "
            "of them.",
        ),
    ],
) -> None:
    """Label images with a trained model; writes CSV to stdout."""
    with errors_shown():
        from packtune.interface.prediction import predict_images
        from packtune.report.rendering import to_csv

        predictions = predict_images(file, images)
        if predictions.is_dark_on_light:
            try_to_print(
                "The images look dark on light, and models are trained on light digits on a dark ground: if so, "
                "predict from 255 minus each pixel.",
            )
        print_result(to_csv(predictions.labels), end="")
