"""Whether a file says of examples what the network says that it was made of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from packtune.errors import ExportError
from packtune.models.trained_model import TrainedModel

TOLERANCE = 1e-5
"""Logits may differ by this; where the largest logit of an example is above 1, by this share of it, as their own
rounding is of this size."""
CHECKED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What was compared.

    Attributes:
        examples: how many.
        difference: the largest one of two logits, divided by the largest logit of the example where that is above 1.
    """

    examples: int
    difference: float


def compare(model: TrainedModel, inputs: Tensor, labels: Tensor, logits: Tensor) -> Agreement:
    """Compare what a file says with what its model says.

    Args:
        inputs: n examples of a data set, see `TrainedModel.label`.
        labels: int64 [n, heads], of the file.
        logits: float32 [n, heads, classes], of the file.

    Raises:
        ExportError: a label differs, or logits do by more than `TOLERANCE`.
    """
    expected = model.logits(inputs)
    wrong = int((expected.argmax(2) != labels).any(1).sum())
    known = expected.isfinite()
    finite, found = torch.where(known, expected, 0), torch.where(known, logits, 0)
    scale = finite.abs().amax(2, keepdim=True).clamp(min=1)
    difference = float(((finite - found).abs() / scale).max())
    if wrong or not difference <= TOLERANCE:
        raise ExportError(
            f"the file would not say what the network says: {wrong:,} of {len(inputs):,} labels differ, and logits by "
            f"{difference:.1e}, where {TOLERANCE:g} is allowed: nothing was written. Export it as .pt or .safetensors"
        )
    return Agreement(examples=len(inputs), difference=difference)
