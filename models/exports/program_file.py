"""The format .pt2 of `torch.export`: a recorded program that PyTorch runs without the code of the network."""

from __future__ import annotations

import io
import json

import torch
from torch import Tensor

from packtune.models.exports.agreement import Agreement, compare
from packtune.models.exports.recording import quiet, record
from packtune.models.exports.whole import arguments_of
from packtune.models.saved.content import facts_of
from packtune.models.trained_model import TrainedModel

FACTS = "packtune.json"
"""Of the extra files in it, the one with what is known of the model."""


def write_program(model: TrainedModel) -> bytes:
    """Write a model as a recorded program.

    Raises:
        ExportError: PyTorch cannot record the network.
    """
    buffer = io.BytesIO()
    with quiet():
        torch.export.save(
            record(model, ".pt2"), buffer, extra_files={FACTS: json.dumps(facts_of(model), ensure_ascii=False)}
        )
    return buffer.getvalue()


def check_program(content: bytes, model: TrainedModel, inputs: Tensor) -> Agreement:
    """Run a program on examples of a data set, and compare it with its model.

    Raises:
        ExportError: they differ.
    """
    with quiet(), torch.inference_mode():
        program = torch.export.load(io.BytesIO(content)).module()
        labels, _, logits = program(*arguments_of(model, inputs))
    shape = len(inputs), len(model.heads)
    return compare(model, inputs, labels.view(shape), logits.view(*shape, model.classes))
