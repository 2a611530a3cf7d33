"""Model files: a trained network, with all that is needed to use it, in a file without code.

`torch.load(weights_only=True)` reads them too.
"""

from __future__ import annotations

import io
import pickletools
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from packtune.data.catalog import framing_of
from packtune.data.dataset import PIXEL_SCALE
from packtune.data.preparation import batch
from packtune.data.preparation.batch import GivenImages, Prepare, Prepared, leave
from packtune.errors import ModelFileError, suggest_name
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration

FORMAT = "packtune-model"
FORMAT_VERSION = 1
NO_LABEL = -1
"""Given to an image that shows nothing."""

# The only Python names in a file that `torch.save` writes for float32 tensors and plain values.
_ALLOWED_GLOBALS = ("collections OrderedDict", "torch FloatStorage", "torch._utils _rebuild_tensor_v2")
_MAX_SHOWN = 300
_SIZE = (int, "a whole number above 0", lambda value: value > 0)
_COUNT = (int, "a whole number, 0 or more", lambda value: value >= 0)
_FIELDS: dict[str, tuple[type, str, Callable[[Any], bool]]] = {
    "height": _SIZE,
    "width": _SIZE,
    "classes": _SIZE,
    "head_names": (list, "a list of names", lambda names: names and all(type(name) is str for name in names)),
    "pixel_scale": (int, f"{PIXEL_SCALE}", lambda value: value == PIXEL_SCALE),
    "trained_on": (str, "a name", lambda name: True),
    "epochs": _COUNT,
    "trial": _COUNT,
    "seed": _COUNT,
    "validation_accuracy": (float, "a number from 0 to 1", lambda value: 0 <= value <= 1),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """The labels of images.

    Attributes:
        labels: int64 [n, heads], from 0 to `classes` - 1; -1 for an image that gets none.
        probabilities: float64 [n], what the network holds likely of the label of all heads, 0 to 1; not a number for an
            image that gets none.
    """

    labels: Tensor
    probabilities: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A trained plain network, with all that is needed to rebuild and to use it.

    Attributes:
        network: images float32 [n, 1, height, width], pixels / 256 -> logits float32 [n, heads * classes].
        configuration: of the network.
        height, width: of an image, in pixels.
        classes: classes of every head.
        head_names: what each head labels.
        trained_on: the name of the data set.
        epochs: epochs that the network was trained for.
        trial: the number of the trial in its search.
        seed: of the initial weights.
        validation_accuracy: share of validation images with every head right, 0 to 1.
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

    def predict(self, images: Tensor | GivenImages, *, prepare: str = Prepare.AUTO) -> Tensor:
        """Label images.

        Args:
            images: [n, any height, any width], pixels from 0; or n arrays of any sizes.
            prepare: "auto" to make them like those that the network was trained on, where they are not; "none" to take
                uint8 [n, height, width] as they are, light on black.

        Returns:
            int64 [n, heads], from 0 to `classes` - 1, and -1 for an image that is blank.

        Raises:
            ValueError: the images are no pixels; or they are not prepared and have another type or another size than
                those the network was trained on.
        """
        return self.label(self.prepare(images, prepare=prepare)).labels

    def prepare(self, images: Tensor | GivenImages, *, prepare: str = Prepare.AUTO) -> Prepared:
        """Prepare images for `label`; see `predict`."""
        given = images.numpy() if isinstance(images, Tensor) else images
        if prepare not in list(Prepare):
            raise ValueError(f"unknown preparation {prepare!r}.{suggest_name(prepare, Prepare)}")
        if prepare == Prepare.NONE:
            return leave(given, height=self.height, width=self.width)
        framing = framing_of(self.trained_on, self.height, self.width)
        return batch.prepare(given, height=self.height, width=self.width, framing=framing)

    @torch.inference_mode()
    def label(self, prepared: Prepared) -> Labels:
        """Label images that were prepared."""
        self.network.eval()
        images = torch.tensor(prepared.images)
        logits = [self.network(chunk.unsqueeze(1).float() / PIXEL_SCALE) for chunk in images.split(1000)]
        scores: Tensor = torch.cat(logits).unflatten(1, (len(self.head_names), self.classes))
        has_label = torch.tensor(prepared.has_label)
        best = scores.double().softmax(2).amax(2).prod(1)
        return Labels(
            labels=torch.where(has_label[:, None], scores.argmax(2), NO_LABEL),
            probabilities=torch.where(has_label, best, torch.nan),
        )


def model_to_bytes(model: TrainedModel) -> bytes:
    """Write the content of a model file: plain values and tensors only."""
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
    """Rebuild a model from the content of a model file. No code in the file is run.

    Args:
        content: the bytes of the file.
        source: the name of the file, for the error message.

    Raises:
        ModelFileError: the content is no model file of this version.
    """
    # For a damaged file, PyTorch may raise any of a dozen types of error, and print warnings that do not help.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = _load(content)
        except Exception as error:
            raise ModelFileError(_no_model(source, "it cannot be loaded")) from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ModelFileError(_no_model(source, "it has another format"))
        version = values.get("version")
        if type(version) is not int or version != FORMAT_VERSION:
            raise ModelFileError(_no_model(source, f"its version is {_show(repr(version))}, not {FORMAT_VERSION}"))
        try:
            return _rebuild(values, max_bytes=len(content))
        except Exception as error:
            raise ModelFileError(_no_model(source, f"its content is inconsistent ({_show(error)})")) from error


def _load(content: bytes) -> object:
    """Load a file that names nothing but tensors and is not larger when it is unpacked.

    With `weights_only` alone, a file could still make arrays of any size, or be in an older format of PyTorch, which
    can do the same.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > len(content):
            raise ValueError("the unpacked content is larger than the file")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("the content is compressed, which PyTorch never does")
        (pickled,) = [entry for entry in entries if entry.filename.endswith("/data.pkl")]
        for opcode, argument, _ in pickletools.genops(archive.read(pickled)):
            if opcode.name == "GLOBAL" and argument not in _ALLOWED_GLOBALS:
                raise ValueError(f"the file uses {argument}")
    return torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")


# Any: the values come from a file, and `_FIELDS` checks their types.
def _rebuild(values: dict[str, Any], *, max_bytes: int) -> TrainedModel:
    for name, (kind, allowed, accepts) in _FIELDS.items():
        if type(values[name]) is not kind or not accepts(values[name]):
            raise ValueError(f"{name} = {_show(repr(values[name]))} is not allowed: it must be {allowed}")
    configuration = Configuration.from_dict(values["configuration"])
    outputs = len(values["head_names"]) * values["classes"]
    network = _build_without_weights(configuration, height=values["height"], width=values["width"], outputs=outputs)
    n_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())
    if n_bytes > max_bytes:
        raise ValueError(f"the network needs {n_bytes:,} bytes of weights, but the file has {max_bytes:,} bytes")
    network.to_empty(device="cpu").load_state_dict(values["state_dict"])
    if not all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values()):
        raise ValueError("a weight is infinite or not a number")
    return TrainedModel(
        network=network.eval(),
        configuration=configuration,
        head_names=tuple(values["head_names"]),
        **{name: values[name] for name in _FIELDS if name not in ("head_names", "pixel_scale")},
    )


def _build_without_weights(configuration: Configuration, *, height: int, width: int, outputs: int) -> nn.Sequential:
    """Build the network without memory for its weights: a file could ask for any amount of it."""
    with torch.device("meta"):
        return build_network(configuration, height=height, width=width, outputs=outputs, seed=0)


def _show(value: object) -> str:
    """Cut text from a file, and replace control characters, before it is shown in a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:_MAX_SHOWN])


def _no_model(source: str, why: str) -> str:
    return f"{source} is no model file: {why}. Give a file that `packtune best RUN --export FILE` has written"
