"""The state of a training, as a checkpoint holds it."""

from __future__ import annotations

from typing import TypedDict

from torch import Tensor


class TrainingState(TypedDict):
    """All that training changes, in types that `torch.load(weights_only=True)` accepts.

    Attributes:
        epoch: epochs trained so far.
        order, masks, changes: states of the random generators for the order of the images, for the dropout masks, and
            for the augmentation, uint8.
        values: the weights of all layers, float32 [members, ...] each, on the CPU.
        optimizer_states: for each of them what the optimizer keeps, by name, in the same shape.
        state: what layers keep besides weights, as the buffers of a module: [members, ...] each, on the CPU.
    """

    epoch: int
    order: Tensor
    masks: Tensor
    changes: Tensor
    values: list[Tensor]
    optimizer_states: list[dict[str, Tensor]]
    state: list[Tensor]
