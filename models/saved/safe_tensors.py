"""The safetensors format: eight bytes with the length of a JSON header, the header, then the tensors. Runs no code.

All that is no tensor lies in the header's metadata, under one name, as JSON. See
https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json

from packtune.errors import ExportError
from packtune.models.saved.content import facts_of, weights_of
from packtune.models.saved.packages import Packages, missing_package
from packtune.models.trained_model import TrainedModel

METADATA, OURS = "__metadata__", "packtune"
LENGTH_BYTES = 8
PACKAGES = Packages(extra="safetensors", names=("safetensors",))
MAX_HEADER_BYTES = 100_000_000
"""The longest header that the format allows."""


def to_safetensors(model: TrainedModel) -> bytes:
    """Write a model.

    Raises:
        ExportError: the package safetensors is missing, or the network keeps something that is no tensor.
    """
    try:
        from safetensors.torch import save
    except ImportError as error:
        raise missing_package("safetensors", PACKAGES) from error
    facts = json.dumps(facts_of(model), ensure_ascii=False)
    try:
        content: bytes = save(weights_of(model), metadata={OURS: facts})
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise ExportError(
            f"the network cannot be written as .safetensors, as it keeps something that is no plain tensor ({error}): "
            "export it as .pt"
        ) from error
    return content


def is_safetensors(content: bytes) -> bool:
    """Tell whether a content begins as this format does."""
    n_header = int.from_bytes(content[:LENGTH_BYTES], "little")
    return n_header <= MAX_HEADER_BYTES and content[LENGTH_BYTES : LENGTH_BYTES + 1] == b"{"


def from_safetensors(content: bytes) -> object:
    """Load the values of a model, with the weights as `state_dict` among them.

    Raises:
        ExportError: the package safetensors is missing.
        Exception: of many types, if it is another file.
    """
    try:
        from safetensors.torch import load
    except ImportError as error:
        raise missing_package("safetensors", PACKAGES) from error
    weights = load(content)  # checks the header first: its length, and that each byte belongs to one tensor
    n_header = int.from_bytes(content[:LENGTH_BYTES], "little")
    header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + n_header])
    facts = json.loads(header[METADATA][OURS])
    if not isinstance(facts, dict) or "state_dict" in facts:
        raise ValueError("the metadata are those of another program")
    return {**facts, "state_dict": weights}
