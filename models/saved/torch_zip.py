"""The format of PyTorch: `torch.load(weights_only=True)` reads such a file too."""

from __future__ import annotations

import io
import pickletools
import zipfile

import torch

from packtune.models.saved.content import facts_of, weights_of
from packtune.models.trained_model import TrainedModel

# The only Python names in a file that `torch.save` writes for tensors and plain values.
_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_ALLOWED_GLOBALS = (
    *("collections OrderedDict", "torch._utils _rebuild_tensor_v2"),
    *(f"torch {kind}Storage" for kind in _STORAGES),
)


def to_torch_zip(model: TrainedModel) -> bytes:
    """Write a model: plain values and tensors only."""
    buffer = io.BytesIO()
    torch.save({**facts_of(model), "state_dict": weights_of(model)}, buffer)
    return buffer.getvalue()


def from_torch_zip(content: bytes) -> object:
    """Load a file that names nothing but tensors and is not larger when it is unpacked.

    With `weights_only` alone, a file could still make arrays of any size, or be in an older format of PyTorch, which
    can do the same.

    Raises:
        Exception: of many types, if it is another file.
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
