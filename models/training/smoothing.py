"""Label smoothing, with a share of each member's own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from packtune.data.description import Head
from packtune.models.configuration import Configuration


class LabelSmoothing:
    """Replaces a one-hot target by (1 - s) target + s / classes, as torch.nn.CrossEntropyLoss(label_smoothing=s).

    See "Rethinking the Inception Architecture for Computer Vision" (Szegedy et al. 2016). Where heads differ in their
    number of classes, each spreads s over its own; outputs that stand for no class get nothing.

    Args:
        configurations: one for each member.
        heads: of the data set.
        device: where the targets are.
    """

    def __init__(self, configurations: Sequence[Configuration], heads: Sequence[Head], device: torch.device) -> None:
        shares = torch.tensor([c.label_smoothing for c in configurations], device=device)
        even = torch.zeros(len(heads), max(len(head.classes) for head in heads), device=device)
        for row, head in zip(even, heads, strict=True):
            row[: len(head.classes)] = 1 / len(head.classes)
        self._rest = (1 - shares).view(-1, 1, 1)
        self._spread = shares.view(-1, 1, 1) * even.view(1, -1, 1)
        self._smooth = [c.label_smoothing > 0 for c in configurations]

    def of(self, targets: Tensor) -> Tensor:
        """Give what the members learn: float32 [members, outputs, batch], or the targets themselves if nothing differs.

        Args:
            targets: one-hot float32 [outputs, batch].
        """
        return targets * self._rest + self._spread if any(self._smooth) else targets

    def keep(self, indices: Tensor) -> None:
        """Keep only the members at `indices`, int64 [kept]."""
        self._rest, self._spread = self._rest.index_select(0, indices), self._spread.index_select(0, indices)
        self._smooth = [self._smooth[index] for index in indices.tolist()]
