"""The gradient of the loss that training minimizes: the cross-entropy, mean over images and heads."""

from __future__ import annotations

import torch
from torch import Tensor


def loss_gradient(logits: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Compute the gradient of the cross-entropy with respect to the logits.

    Args:
        logits: float32 [members, heads * classes, batch].
        targets: one-hot float32 [heads * classes, batch].
        classes: classes of every head.

    Returns:
        float32 [members, heads * classes, batch].
    """
    outputs, batch = targets.shape
    heads = outputs // classes
    probabilities = torch.softmax(logits.view(-1, heads, classes, batch), dim=2).view(-1, outputs, batch)
    return probabilities.sub_(targets).mul_(1 / (batch * heads))
