"""Records what a network does with its preparation, for any number of examples."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.export import Dim, ExportedProgram

from packtune.errors import ExportError
from packtune.models.exports.whole import arguments_of, traced_inputs, whole_of
from packtune.models.trained_model import TrainedModel

SHOWN = 300
_DEPRECATED = r"`isinstance\(treespec, LeafSpec\)` is deprecated"  # PyTorch 2.13 warns of itself


def record(model: TrainedModel, ending: str) -> ExportedProgram:
    """Record a model.

    Args:
        ending: of the file that is to be written, for the error.

    Raises:
        ExportError: PyTorch cannot record the network, as it may not one of the user's own.
    """
    arguments = arguments_of(model, traced_inputs(model))
    any_number = tuple(None if each is None else {0: Dim.DYNAMIC} for each in arguments)
    with quiet(), torch.no_grad():
        try:
            program = torch.export.export(
                copy.deepcopy(whole_of(model)), arguments, dynamic_shapes=any_number, strict=False
            )
        except Exception as error:  # of dozens of types
            raise ExportError(
                f"the network cannot be written as {ending}, as PyTorch cannot record it ({first_line(error)}): export "
                "it as .pt or .safetensors; or let its `forward` neither branch on values nor depend on how many "
                "examples there are"
            ) from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # has paths of this machine
    return program


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what PyTorch says of itself from people."""
    said = logging.getLogger("torch.onnx")
    before = said.level
    said.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=_DEPRECATED, category=FutureWarning)
            yield
    finally:
        said.setLevel(before)


def first_line(error: BaseException) -> str:
    """Give the first line of what an error says, or of what caused it, in plain text and not too long."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = next(filter(None, (line.strip() for line in str(error).splitlines())), type(error).__name__)
    return "".join(letter for letter in line[:SHOWN] if letter.isprintable())
