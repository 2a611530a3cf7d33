"""A trained network as a file that `torch.load(weights_only=True)` accepts and that rebuilds itself."""

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

from packtune.data.dataset import PIXEL_SCALE
from packtune.errors import ModelFileError
from packtune.models.architectures.catalog import build_network
from packtune.models.configuration import Configuration

FORMAT = "packtune-model"
FORMAT_VERSION = 1

# All that `torch.save` asks of a reader for float32 tensors and plain values.
_GLOBALS = ("collections OrderedDict", "torch FloatStorage", "torch._utils _rebuild_tensor_v2")
_MOST_SHOWN = 300
_SIZE = (int, "a whole number above 0", lambda value: value > 0)
_COUNT = (int, "a whole number, 0 or more", lambda value: value >= 0)
_FIELDS: dict[str, tuple[type, str, Callable[[Any], bool]]] = {
    "height": _SIZE,
    "width": _SIZE,
    "classes": _SIZE,
    "head_names": (list, "names", lambda names: names and all(type(name) is str for name in names)),
    "pixel_scale": (int, f"{PIXEL_SCALE}", lambda value: value == PIXEL_SCALE),
    "trained_on": (str, "a name", lambda name: True),
    "epochs": _COUNT,
    "trial": _COUNT,
    "seed": _COUNT,
    "validation_accuracy": (float, "a number from 0 to 1", lambda value: 0 <= value <= 1),
}


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
    # A damaged file makes PyTorch raise a dozen types of error, and warn of what it cannot say.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = _load(content)
        except Exception as error:
            raise ModelFileError(_no_model(source, "it cannot be read as one")) from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ModelFileError(_no_model(source, "it holds something else"))
        version = values.get("version")
        if type(version) is not int or version != FORMAT_VERSION:
            raise ModelFileError(_no_model(source, f"its version is {_show(repr(version))}, not {FORMAT_VERSION}"))
        try:
            return _rebuild(values, max_bytes=len(content))
        except Exception as error:
            raise ModelFileError(_no_model(source, f"its content does not fit together ({_show(error)})")) from error


def _load(content: bytes) -> Any:
    """Load a file that calls for nothing but its tensors and unpacks to no more than its own size.

    `weights_only` alone would let it make arrays of any size, and read PyTorch's older formats, which do so too.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("it unpacks to more than its size")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("it is packed, which PyTorch never does")
        (pickled,) = [member for member in members if member.filename.endswith("/data.pkl")]
        for opcode, argument, _ in pickletools.genops(archive.read(pickled)):
            if opcode.name == "GLOBAL" and argument not in _GLOBALS:
                raise ValueError(f"it calls for {argument}")
    return torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")


def _rebuild(values: dict[str, Any], *, max_bytes: int) -> TrainedModel:
    for name, (kind, allowed, accepts) in _FIELDS.items():
        if type(values[name]) is not kind or not accepts(values[name]):
            raise ValueError(f"{name} = {_show(repr(values[name]))} is not allowed: it must be {allowed}")
    configuration = Configuration.from_dict(values["configuration"])
    network = _shape_network(values, configuration)
    n_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())
    if n_bytes > max_bytes:
        raise ValueError(f"its network has {n_bytes:,} bytes of weights, the file {max_bytes:,} in all")
    network.to_empty(device="cpu").load_state_dict(values["state_dict"])
    if not all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values()):
        raise ValueError("its weights are not all finite")
    return TrainedModel(
        network=network.eval(),
        configuration=configuration,
        head_names=tuple(values["head_names"]),
        **{name: values[name] for name in _FIELDS if name not in ("head_names", "pixel_scale")},
    )


def _shape_network(values: dict[str, Any], configuration: Configuration) -> nn.Sequential:
    """Build the network without memory for its weights: the file has yet to show that it has as many."""
    with torch.device("meta"):
        return build_network(
            configuration,
            height=values["height"],
            width=values["width"],
            outputs=len(values["head_names"]) * values["classes"],
            seed=0,
        )


def _show(value: object) -> str:
    """Keep what a file says from filling the terminal or steering it."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:_MOST_SHOWN])


def _no_model(source: str, why: str) -> str:
    return f"{source} is no model file: {why}. Give a file that `packtune best RUN --export FILE` wrote"
