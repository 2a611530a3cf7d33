"""The formats of exported models, by the ending of the file. A new one is a file beside this one, and an entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.errors import SettingsError
from packtune.models.saved.packages import Packages

if TYPE_CHECKING:
    from torch import Tensor

    from packtune.models.exports.agreement import Agreement
    from packtune.models.trained_model import TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of model files.

    Attributes:
        title: what it is, for people.
        write: gives the content of a file.
        check: runs the content on examples and compares it with the model; none where nothing is translated.
        is_read: whether `load_model` and `packtune predict` read it.
        packages: that it needs; none where PyTorch is enough.
    """

    title: str
    write: Callable[[TrainedModel], bytes]
    check: Callable[[bytes, TrainedModel, Tensor], Agreement] | None = None
    is_read: bool = False
    packages: Packages | None = None


def _write_torch(model: TrainedModel) -> bytes:
    from packtune.models.saved.torch_zip import to_torch_zip

    return to_torch_zip(model)


def _write_safetensors(model: TrainedModel) -> bytes:
    from packtune.models.saved.safe_tensors import to_safetensors

    return to_safetensors(model)


def _write_onnx(model: TrainedModel) -> bytes:
    from packtune.models.exports.onnx_file import write_onnx

    return write_onnx(model)


def _check_onnx(content: bytes, model: TrainedModel, inputs: Tensor) -> Agreement:
    from packtune.models.exports.onnx_file import check_onnx

    return check_onnx(content, model, inputs)


def _write_program(model: TrainedModel) -> bytes:
    from packtune.models.exports.program_file import write_program

    return write_program(model)


def _check_program(content: bytes, model: TrainedModel, inputs: Tensor) -> Agreement:
    from packtune.models.exports.program_file import check_program

    return check_program(content, model, inputs)


_TORCH = Format(title="the weights and facts of a model, as PyTorch saves them", write=_write_torch, is_read=True)

FORMATS: dict[str, Format] = {
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".safetensors": Format(
        title="the weights and facts of a model, as safetensors",
        write=_write_safetensors,
        is_read=True,
        packages=Packages(extra="safetensors", names=("safetensors",)),
    ),
    ".onnx": Format(
        title="a graph for ONNX Runtime",
        write=_write_onnx,
        check=_check_onnx,
        packages=Packages(extra="onnx", names=("onnx", "onnxruntime", "onnxscript")),
    ),
    ".pt2": Format(title="a program of torch.export", write=_write_program, check=_check_program),
}
DEFAULT = ".pt"
"""The format of a file without an ending, of a pipe and of a device."""


def find_format(path: Path) -> Format:
    """Find the format of a file by its ending.

    Raises:
        SettingsError: no format has this ending.
    """
    ending = path.suffix.lower()
    is_pipe_or_device = path.exists() and not path.is_file()
    if ending in FORMATS:
        return FORMATS[ending]
    if not ending or is_pipe_or_device:
        return FORMATS[DEFAULT]
    raise SettingsError(
        f"cannot export to {path}: no model file ends in {path.suffix}. Allowed: {', '.join(FORMATS)}. Give a "
        "name with one of these endings"
    )
