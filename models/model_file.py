"""A trained network as a file that `torch.load(weights_only=True)` accepts and that rebuilds itself."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from data.dataset import PIXEL_SCALE
from models.catalog import build_network
from models.configuration import Configuration

FORMAT = "packtune-model"
FORMAT_VERSION = 1


class ModelFileError(Exception):
    """A file that is no model of ours; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A plain network with all that is needed to rebuild and to use it.

    Attributes:
        network: images float32 [n, 1, height, width], pixels / 256 -> logits float32 [n, heads * classes].
        head_names: what each head labels.
        trained_on: the data set's name.
        trial, seed: of the search that made it.
        validation_accuracy: with every head right, 0 to 1.
    """

    network: nn.Sequential
    configuration: Configuration
    height: int
    width: int
    classes: int
    head_names: tuple[str, ...]
    trained_on: str
    epochs: int
    trial: int
    seed: int
    validation_accuracy: float

    @torch.inference_mode()
    def predict(self, images: Tensor) -> Tensor:
        """Label images uint8 [n, height, width]: int64 [n, heads].

        Raises:
            ValueError: the images are of another size.
        """
        if images.shape[1:] != (self.height, self.width):
            raise ValueError(
                f"the images are {images.shape[1]} x {images.shape[2]}, but the model was trained on "
                f"{self.height} x {self.width} (height x width): resize them"
            )
        self.network.eval()
        logits = [self.network(chunk.unsqueeze(1).float() / PIXEL_SCALE) for chunk in images.split(1000)]
        return torch.cat(logits).unflatten(1, (len(self.head_names), self.classes)).argmax(2)


def model_to_bytes(model: TrainedModel) -> bytes:
    """Write a model as the content of a model file: plain values and tensors only."""
    buffer = io.BytesIO()
    torch.save(
        {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "configuration": model.configuration.as_dict(),
            "height": model.height,
            "width": model.width,
            "classes": model.classes,
            "head_names": list(model.head_names),
            "pixel_scale": PIXEL_SCALE,
            "trained_on": model.trained_on,
            "epochs": model.epochs,
            "trial": model.trial,
            "seed": model.seed,
            "validation_accuracy": model.validation_accuracy,
            "state_dict": {name: tensor.detach().clone() for name, tensor in model.network.state_dict().items()},
        },
        buffer,
    )
    return buffer.getvalue()


def model_from_bytes(content: bytes, *, source: str) -> TrainedModel:
    """Rebuild a model from the content of a model file; no code of the file is run.

    Raises:
        ModelFileError: the content is no model file of this version; `source` is what the message calls it.
    """
    try:
        values = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelFileError(_no_model(source, "it cannot be read as one")) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ModelFileError(_no_model(source, "it holds something else"))
    if values.get("version") != FORMAT_VERSION:
        raise ModelFileError(_no_model(source, f"its version is {values.get('version')!r}, not {FORMAT_VERSION}"))
    try:
        return _rebuild(values)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelFileError(_no_model(source, f"its content does not fit together ({error})")) from error


def _rebuild(values: dict[str, Any]) -> TrainedModel:
    configuration = Configuration.from_dict(values["configuration"])
    head_names = tuple(values["head_names"])
    network = build_network(
        configuration,
        height=values["height"],
        width=values["width"],
        outputs=len(head_names) * values["classes"],
        seed=0,
    )
    network.load_state_dict(values["state_dict"])
    return TrainedModel(
        network=network.eval(),
        configuration=configuration,
        head_names=head_names,
        **{
            name: values[name]
            for name in ("height", "width", "classes", "trained_on", "epochs", "trial", "seed", "validation_accuracy")
        },
    )


def _no_model(source: str, why: str) -> str:
    return f"{source} is no model file: {why}. Give a file that `packtune best RUN --export FILE` wrote"
