"""Model files: a trained network, with all that is needed to use it, in a file without code.

`torch.load(weights_only=True)` reads them too.
"""

from __future__ import annotations

import io
import math
import pickletools
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from packtune.data.description import PIXEL_SCALE, Head, Scaling
from packtune.errors import ModelFileError, NetworkError
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.trained_model import TrainedModel
from packtune.models.training.metrics.catalog import Metric

__all__ = ["TrainedModel", "model_from_bytes", "model_to_bytes"]

FORMAT = "packtune-model"
FORMAT_VERSION = 2
FIRST_VERSION = 1
"""Of images with one channel, digits from 0 in all heads, and pixels divided by 256."""

# The only Python names in a file that `torch.save` writes for tensors and plain values.
_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_ALLOWED_GLOBALS = (
    *("collections OrderedDict", "torch._utils _rebuild_tensor_v2"),
    *(f"torch {kind}Storage" for kind in _STORAGES),
)
_Values = dict[str, Any]
"""What a file holds; the types are checked before they are used."""
_MAX_SHOWN = 300
_MAX_CLASSES = 1_000_000
_SIZE = (int, "a whole number above 0", lambda value: value > 0)
_COUNT = (int, "a whole number, 0 or more", lambda value: value >= 0)
_FIELDS: dict[str, tuple[type, str, Callable[[Any], bool]]] = {
    "input_shape": (list, "one or three whole numbers above 0", lambda shape: _is_shape(shape)),
    "heads": (list, "a list of names, each with the names of its classes", lambda heads: _are_heads(heads)),
    "factors": (list, "a list of numbers", lambda values: _are_numbers(values)),
    "offsets": (list, "a list of numbers", lambda values: _are_numbers(values)),
    "preparation": (str, "a text", lambda text: True),
    "trained_on": (str, "a name", lambda name: True),
    "epochs": _COUNT,
    "trial": _COUNT,
    "seed": _COUNT,
    "validation_accuracy": (float, "a number from 0 to 1", lambda value: 0 <= value <= 1),
}
_MEASURED: dict[str, tuple[type, str, Callable[[Any], bool]]] = {
    "metric": (str, "the name of a metric", lambda name: name in list(Metric)),
    "validation_score": (float, "a number, 0 or more", lambda value: 0 <= value < math.inf),
}
"""What a file has besides if the search went by another metric than accuracy."""
_FIRST_FIELDS: dict[str, tuple[type, str, Callable[[Any], bool]]] = {
    "height": _SIZE,
    "width": _SIZE,
    "classes": _SIZE,
    "head_names": (list, "a list of names", lambda names: names and all(type(name) is str for name in names)),
    "pixel_scale": (int, f"{PIXEL_SCALE}", lambda value: value == PIXEL_SCALE),
}


def model_to_bytes(model: TrainedModel) -> bytes:
    """Write the content of a model file: plain values and tensors only."""
    buffer = io.BytesIO()
    torch.save(
        {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "configuration": model.configuration.to_plain(),
            "input_shape": list(model.input_shape),
            "heads": [[head.name, list(head.classes)] for head in model.heads],
            "factors": list(model.scaling.factors),
            "offsets": list(model.scaling.offsets),
            "preparation": model.preparation,
            "trained_on": model.trained_on,
            "epochs": model.epochs,
            "trial": model.trial,
            "seed": model.seed,
            "validation_accuracy": model.validation_accuracy,
            **_measured(model),
            "state_dict": {name: tensor.detach().clone() for name, tensor in model.network.state_dict().items()},
        },
        buffer,
    )
    return buffer.getvalue()


def _measured(model: TrainedModel) -> _Values:
    if model.validation_score is None:
        return {}
    return {"metric": model.metric.value, "validation_score": model.validation_score}


def model_from_bytes(content: bytes, *, source: str) -> TrainedModel:
    """Rebuild a model from the content of a model file. No code in the file is run.

    Args:
        content: the bytes of the file.
        source: the name of the file, for the error message.

    Raises:
        ModelFileError: the content is no model file of this version.
        NetworkError: it is a network of the user's own that is not known in this process, or cannot be built.
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
        if type(version) is not int or version not in (FIRST_VERSION, FORMAT_VERSION):
            raise ModelFileError(_no_model(source, f"its version is {_show(repr(version))}, not {FORMAT_VERSION}"))
        try:
            current = _from_first(values) if version == FIRST_VERSION else values
            return _rebuild(current, max_bytes=len(content))
        except NetworkError:
            raise
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


# Any: the values come from a file, and their types are checked.
def _check(values: _Values, fields: dict[str, tuple[type, str, Callable[[Any], bool]]]) -> None:
    for name, (kind, allowed, accepts) in fields.items():
        if type(values[name]) is not kind or not accepts(values[name]):
            raise ValueError(f"{name} = {_show(repr(values[name]))} is not allowed: it must be {allowed}")


def _from_first(values: _Values) -> _Values:
    """Bring the values of the first version into the form of this one."""
    _check(values, _FIRST_FIELDS)
    classes = [str(number) for number in range(min(values["classes"], _MAX_CLASSES))]
    added = {
        "input_shape": [1, values["height"], values["width"]],
        "heads": [[name, classes] for name in values["head_names"]],
        "factors": [1 / PIXEL_SCALE],
        "offsets": [0.0],
        "preparation": "",
    }
    return values | added


def _rebuild(values: _Values, *, max_bytes: int) -> TrainedModel:
    _check(values, _FIELDS)
    configuration = Configuration.from_dict(values["configuration"])
    heads = tuple(Head(name=name, classes=tuple(classes)) for name, classes in values["heads"])
    shape, outputs = tuple(values["input_shape"]), len(heads) * max(len(head.classes) for head in heads)
    network = _build_without_weights(configuration, input_shape=shape, outputs=outputs)
    n_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())
    if n_bytes > max_bytes:
        raise ValueError(f"the network needs {n_bytes:,} bytes of weights, but the file has {max_bytes:,} bytes")
    if not configuration.is_own:
        network = network.to_empty(device="cpu")
    network.load_state_dict(values["state_dict"])
    if not all(bool(tensor.isfinite().all()) for tensor in network.parameters()):
        raise ValueError("a weight is infinite or not a number")
    return TrainedModel(
        network=network.eval(),
        configuration=configuration,
        input_shape=shape,
        heads=heads,
        scaling=_scaling(values, shape),
        **_score(values),
        **{name: values[name] for name in list(_FIELDS)[4:]},
    )


def _score(values: _Values) -> _Values:
    if "metric" not in values:
        return {}
    _check(values, _MEASURED)
    return {"metric": Metric(values["metric"]), "validation_score": values["validation_score"]}


def _scaling(values: _Values, shape: tuple[int, ...]) -> Scaling:
    scaling = Scaling(factors=tuple(values["factors"]), offsets=tuple(values["offsets"]))
    if any(len(numbers) not in (1, shape[0]) for numbers in (scaling.factors, scaling.offsets)):
        raise ValueError(f"{len(scaling.factors)} factors do not fit {shape[0]} channels")
    return scaling


def _is_shape(sizes: list[object]) -> bool:
    return len(sizes) in (1, 3) and all(type(size) is int and size > 0 for size in sizes)


def _are_heads(heads: list[object]) -> bool:
    return bool(heads) and all(map(_is_head, heads))


def _is_head(head: object) -> bool:
    if type(head) is not list or len(head) != 2:
        return False
    name, classes = head
    return type(name) is str and type(classes) is list and bool(classes) and all(type(c) is str for c in classes)


def _are_numbers(values: list[object]) -> bool:
    return bool(values) and all(type(value) is float and math.isfinite(value) for value in values)


def _build_without_weights(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Build the network without memory for its weights: a file could ask for any amount of it.

    A network of the user's own may need the values of its tensors as it is built, so it gets memory.
    """
    with torch.device("cpu" if configuration.is_own else "meta"):
        return build_network(configuration, input_shape=input_shape, outputs=outputs, seed=0)


def _show(value: object) -> str:
    """Cut text from a file, and replace control characters, before it is shown in a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:_MAX_SHOWN])


def _no_model(source: str, why: str) -> str:
    return f"{source} is no model file: {why}. Give a file that `packtune best RUN --export FILE` has written"
