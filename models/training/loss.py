"""The gradient of the loss that training minimizes: the cross-entropy, mean over examples and heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from packtune.data.description import Head
from packtune.models.training.smoothing import LabelSmoothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loss:
    """What the members of a pack minimize.

    Attributes:
        classes: of every head, see `loss_gradient`.
        absent: see `absent_outputs`.
        smoothing: of each member's labels.
    """

    classes: int
    absent: Tensor | None
    smoothing: LabelSmoothing

    def gradient(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Compute the gradient with respect to the logits, float32 [members, heads * classes, batch].

        Args:
            targets: one-hot float32 [heads * classes, batch].
        """
        return loss_gradient(without_absent(logits, self.absent), self.smoothing.of(targets), self.classes)


def loss_gradient(logits: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Compute the gradient of the cross-entropy with respect to the logits.

    Args:
        logits: float32 [members, heads * classes, batch].
        targets: the share of each class, float32 [heads * classes, batch] for all members, or one of each member.
        classes: classes of every head.

    Returns:
        float32 [members, heads * classes, batch].
    """
    outputs, batch = targets.shape[-2:]
    heads = outputs // classes
    probabilities = torch.softmax(logits.view(-1, heads, classes, batch), dim=2).view(-1, outputs, batch)
    return probabilities.sub_(targets).mul_(1 / (batch * heads))


def absent_outputs(heads: Sequence[Head], device: torch.device) -> Tensor | None:
    """Tell which outputs stand for no class, where heads differ in their number of classes.

    Returns:
        float32 [outputs, 1] to be added to the logits: 0 for an output with a class, minus infinity for one without;
        none if all heads have as many classes.
    """
    sizes = [len(head.classes) for head in heads]
    if len(set(sizes)) == 1:
        return None
    absent = torch.full((len(heads), max(sizes)), -torch.inf, device=device)
    for row, size in zip(absent, sizes, strict=True):
        row[:size] = 0
    return absent.view(-1, 1)


def without_absent(logits: Tensor, absent: Tensor | None) -> Tensor:
    """Give classes that there are not a probability of 0; see `absent_outputs`."""
    return logits if absent is None else logits + absent
