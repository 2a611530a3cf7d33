"""Labels for new images, from a model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from packtune.data.formats.images import ImageBatch, read_images
from packtune.data.preparation.batch import Prepare, Prepared
from packtune.errors import SettingsError
from packtune.models.model_file import model_from_bytes
from packtune.models.trained_model import Labels, TrainedModel

PROBABILITY_DIGITS = 4
MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Labels of images.

    Attributes:
        labels: a row for each image: its name (`image`), its label for each head, the `probability` of all its labels
            together by the network, 0 to 1, and a `note` where the label is missing or doubtful.
        summary: what was done to the images and what was left out, in one line; empty if there is nothing to say.
    """

    labels: pd.DataFrame
    summary: str


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


def predict_images(file: str | Path, images: str | Path, *, prepare: str = Prepare.AUTO) -> Predictions:
    """Label images with a trained model.

    Args:
        file: a model file.
        images: `.npz` with uint8 images [n, height, width], IDX, a picture or a folder of pictures.
        prepare: "auto" to make images like those that the model was trained on, where they are not: inverted,
            stretched, cut out, scaled and centred; blank images get no label. "none" to take them as they are.

    Raises:
        SettingsError: the model file cannot be read; or the images are not prepared and do not have the model's size.
        ModelFileError: the file is no model file.
        DataError: the images cannot be read.
    """
    model = load_model(file)
    given = read_images(Path(images))
    try:
        prepared = model.prepare(given.images, prepare=prepare)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    labels = model.label(torch.tensor(prepared.images).unsqueeze(1), torch.tensor(prepared.has_label))
    frame = _frame(given, prepared, labels, model.head_names)
    return Predictions(labels=frame, summary=" ".join(filter(None, (prepared.summary, _left_out(given)))))


def _frame(given: ImageBatch, prepared: Prepared, labels: Labels, head_names: tuple[str, ...]) -> pd.DataFrame:
    whole = labels.labels.numpy()
    frame = pd.DataFrame(whole, columns=list(head_names), dtype="Int64").mask(~prepared.has_label[:, None])
    frame.insert(0, "image", list(given.names))
    remarks = dict(given.remarks)
    notes = zip(given.names, prepared.notes, strict=True)
    return frame.assign(
        probability=labels.joint.numpy().round(PROBABILITY_DIGITS),
        note=["; ".join(filter(None, (note, remarks.get(name)))) for name, note in notes],
    )


def _left_out(given: ImageBatch) -> str:
    n = len(given.left_out)
    if not n:
        return ""
    named = ", ".join(given.left_out[:MOST_NAMED]) + (", ..." if n > MOST_NAMED else "")
    return f"Left out, as {'it is no picture' if n == 1 else 'they are no pictures'}: {n} ({named})."
