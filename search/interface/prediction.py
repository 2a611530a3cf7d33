"""Labels for new examples, from a model file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from packtune.data.files import readable
from packtune.data.formats.images import ImageBatch, read_images
from packtune.data.preparation.batch import Prepare
from packtune.errors import ModelFileError, RunError, SettingsError, suggest_name
from packtune.interface.label_table import Predictions, label_table
from packtune.models.exports.catalog import FORMATS
from packtune.models.model_file import model_from_bytes
from packtune.models.trained_model import TrainedModel
from packtune.run.network.finding import GivenNetwork, find_network

if TYPE_CHECKING:
    from packtune.data.reading.raw import Progress

__all__ = ["Predictions", "load_model", "predict", "predict_images"]

MOST_NAMED = 5
MNIST = "mnist"


def load_model(
    file: str | Path,
    *,
    results: str | Path = "results",
    model: GivenNetwork | None = None,
    hyperparameters: Mapping[str, object] | None = None,
) -> TrainedModel:
    """Read a model file that `packtune best --export` wrote, or the model of a run's winner; no code in it is run.

    Args:
        file: a model file; or a run, by its name or its folder.
        results: folder of the runs.
        model, hyperparameters: a network of your own that it is of, as in `packtune.search`.

    Raises:
        SettingsError: the file cannot be read, or the run has no winner yet.
        NetworkError: it is of a network of your own, and that is not named or cannot be built.
        RunError: the run cannot be read.
        ModelFileError: it is no model file.
        ExportError: the package that reads it is missing.
    """
    path = Path(file)
    _refuse_translated(path)
    if model is not None:
        find_network(model, hyperparameters)
    if path.is_dir() or not (path.exists() or path.suffix in FORMATS):
        return model_from_bytes(_winner_of(str(file), Path(results)), source=str(file))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}: check the path") from error
    return model_from_bytes(content, source=str(file))


def _refuse_translated(path: Path) -> None:
    """Refuse a file that was exported for other programs.

    Raises:
        ModelFileError: it is one.
    """
    if path.suffix in FORMATS and not FORMATS[path.suffix].is_read and not path.is_dir():
        raise ModelFileError(
            f"{readable(str(path))} is for other programs, and not read by packtune: its model card says how it is "
            "used. For packtune, export the model as .pt or .safetensors"
        )


def _winner_of(run: str, results: Path) -> bytes:
    from packtune.interface.export import model_of_run
    from packtune.run.find import find_run

    try:
        found = find_run(run, results)
    except RunError as error:
        raise RunError(f"{run} is no model file, and no run: {error}") from error
    return model_of_run(found, say=lambda text: None)


def predict(
    file: str | Path | TrainedModel,
    path: str | Path,
    *,
    prepare: str = Prepare.AUTO,
    like: str | None = None,
    probabilities: bool = False,
    results: str | Path = "results",
    progress: Progress | None = None,
) -> Predictions:
    """Label examples with a trained model.

    Args:
        file: a model file; a run, by its name in `results` or its folder, whose winner is meant; or a model, as
            `load_model` gives it, which also reads those of networks of your own.
        path: a picture, a folder of pictures, `.npz`, or IDX; for a model of data of your own also a folder of IDX
            files, or a table, whose targets are compared with the labels.
        prepare: of images. For a model of a built-in data set, "auto" makes them like those that it was trained on,
            where they are not: inverted, stretched, cut out, scaled and centred; blank images get no label. "none"
            takes them as they are. For a model of data of your own, "auto" places drawings of digits like MNIST's
            images where these were evidently meant, and "none" does not.
        like: "mnist" to place all images like those of MNIST; for a model of data of your own.
        probabilities: whether to add the probability of each class.
        progress: called while examples of your own are read.

    Raises:
        SettingsError: the model file cannot be read, an option is not allowed, or the images do not fit the model.
        RunError: the run cannot be read.
        ModelFileError: the file is no model file.
        DataError: the examples cannot be read, or do not fit the model.
    """
    model = file if isinstance(file, TrainedModel) else load_model(file, results=results)
    _check_options(model, prepare, like)
    if model.preparation:
        from packtune.interface.own_prediction import predict_own

        like_mnist = True if like == MNIST else None if prepare == Prepare.AUTO else False
        return predict_own(model, Path(path), like_mnist=like_mnist, probabilities=probabilities, progress=progress)
    return _predict_built_in(model, Path(path), prepare=prepare, probabilities=probabilities)


def predict_images(file: str | Path, images: str | Path, *, prepare: str = Prepare.AUTO) -> Predictions:
    """Label images with a trained model: `predict` without its other options."""
    return predict(file, images, prepare=prepare)


def _check_options(model: TrainedModel, prepare: str, like: str | None) -> None:
    if prepare not in list(Prepare):
        raise SettingsError(f"unknown preparation {prepare!r}.{suggest_name(prepare, Prepare)}")
    if like not in (None, MNIST):
        raise SettingsError(f"like = {like!r} is not allowed.{suggest_name(str(like), [MNIST])}")
    if like and not model.preparation:
        raise SettingsError(
            f"the model was trained on {model.trained_on}, and prepares digits by itself: leave out like = {like!r}"
        )
    if like and len(model.input_shape) != 3:
        raise SettingsError(f"the model was trained on a table, and like = {like!r} is for images: leave it out")


def _predict_built_in(model: TrainedModel, path: Path, *, prepare: str, probabilities: bool) -> Predictions:
    given = read_images(path)
    try:
        prepared = model.prepare(given.images, prepare=prepare)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    labels = model.label(torch.tensor(prepared.images).unsqueeze(1), torch.tensor(prepared.has_label))
    remarks = dict(given.remarks)
    notes = [
        "; ".join(filter(None, (note, remarks.get(name))))
        for name, note in zip(given.names, prepared.notes, strict=True)
    ]
    frame = label_table("image", given.names, labels, model.heads, notes, probabilities=probabilities)
    return Predictions(labels=frame, summary=" ".join(filter(None, (prepared.summary, _left_out(given)))))


def _left_out(given: ImageBatch) -> str:
    n = len(given.left_out)
    if not n:
        return ""
    named = ", ".join(given.left_out[:MOST_NAMED]) + (", ..." if n > MOST_NAMED else "")
    return f"Left out, as {'it is no picture' if n == 1 else 'they are no pictures'}: {n} ({named})."
