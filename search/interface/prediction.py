"""Labels for new images, from a model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from packtune.data.formats.images import read_images
from packtune.errors import SettingsError
from packtune.models.model_file import TrainedModel, model_from_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Labels of images.

    Attributes:
        labels: a row for each image: its name, and its label for each head.
        is_dark_on_light: whether the images look as if they had to be inverted.
    """

    labels: pd.DataFrame
    is_dark_on_light: bool


def load_model(file: str | Path) -> TrainedModel:
    """Read a model file that `packtune best --export` wrote; no code in it is run.

    Raises:
        SettingsError: the file cannot be read.
        ModelFileError: it is no model file.
    """
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}: check the path") from error
    return model_from_bytes(content, source=str(file))


def predict_images(file: str | Path, images: str | Path) -> Predictions:
    """Label images with a trained model.

    Args:
        file: a model file.
        images: `.npz` with uint8 images [n, height, width], IDX, a PNG or a folder of them; light on dark.

    Raises:
        SettingsError: the model file cannot be read, or the images do not have the size of the model's.
        ModelFileError: the file is no model file.
        DataError: the images cannot be read.
    """
    model = load_model(file)
    batch = read_images(Path(images))
    try:
        labels = model.predict(torch.tensor(batch.images))
    except ValueError as error:
        raise SettingsError(str(error)) from error
    frame = pd.DataFrame(labels.numpy(), columns=list(model.head_names))
    frame.insert(0, "image", list(batch.names))
    return Predictions(labels=frame, is_dark_on_light=batch.is_dark_on_light)
