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
            help="A picture (PNG, JPEG, WebP, BMP, TIFF, GIF), a folder of pictures, `.npz` with uint8 images "
            "[n, h, w], or IDX.",
        ),
    ],
    prepare: Annotated[
        str,
        typer.Option(
            metavar="auto|none",
            help="auto: images of another size are cut out, scaled and centred like those of the training, dark ink is "
            "inverted, and blank images get no label. none: light digits on black, of the right size, as they are.",
        ),
    ] = "auto",
) -> None:
    """Label images with a trained model; writes CSV to stdout: a row an image, with the probability of its label."""
    with errors_shown():
        from packtune.interface.prediction import predict_images
        from packtune.report.rendering import to_csv

        predictions = predict_images(file, images, prepare=prepare)
        if predictions.summary:
            try_to_print(predictions.summary)
        # As text, a whole number stays one in a column where others are missing.
        print_result(to_csv(predictions.labels.astype("string").fillna("")), end="")
