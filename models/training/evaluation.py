"""How well the members of a pack label a split: accuracies and losses, summed over batches on the device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

EVALUATION_BATCH = 1000
MAX_CUDA_EVALUATIONS = 32_768  # members * images of a batch on a GPU: more would take too much memory for the maps


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How well one member labels one split.

    Attributes:
        accuracy: share of images with every head right, 0 to 1.
        head_accuracies: share of images with this head right, 0 to 1, for each head.
        loss: cross-entropy in nats, mean over images and heads; not finite if the member has diverged.
    """

    accuracy: float
    head_accuracies: tuple[float, ...]
    loss: float

    @property
    def diverged(self) -> bool:
        """Tell whether the loss is infinite or not a number."""
        return not math.isfinite(self.loss)


class Tally:
    """Sums of correct labels and of losses over batches. The sums stay on the device until `evaluations` is called."""

    def __init__(self, members: int, heads: int, device: torch.device) -> None:
        self._right = torch.zeros(members, heads, dtype=torch.int64, device=device)
        self._all_right = torch.zeros(members, dtype=torch.int64, device=device)
        self._loss = torch.zeros(members, dtype=torch.float64, device=device)
        self._images = 0

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Compare logits float32 [members, heads * classes, n] with labels int64 [n, heads]."""
        scores, truth = by_head(logits, labels)
        right = scores.argmax(2) == truth
        self._right += right.sum(2)
        self._all_right += right.all(1).sum(1)
        losses = scores.logsumexp(2) - scores.gather(2, truth.unsqueeze(2)).squeeze(2)
        self._loss += losses.mean(1).sum(1, dtype=torch.float64)
        self._images += len(labels)

    def evaluations(self) -> list[Evaluation]:
        """Divide the sums by the number of images: one evaluation for each member."""
        n = self._images
        rows = zip(self._all_right.tolist(), self._right.tolist(), self._loss.tolist(), strict=True)
        return [
            Evaluation(accuracy=all_right / n, head_accuracies=tuple(right / n for right in heads), loss=loss / n)
            for all_right, heads, loss in rows
        ]


def by_head(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Bring logits float32 [members, heads * classes, n] and labels int64 [n, heads] into comparable shapes.

    Returns:
        Scores float32 [members, heads, classes, n] and true classes int64 [members, heads, n].
    """
    scores = logits.unflatten(1, (labels.shape[1], -1))
    return scores, labels.t().expand(len(scores), -1, -1)


def right_images(logits: Tensor, labels: Tensor) -> Tensor:
    """Tell which images have every head right: bool [members, n]; arguments as in `by_head`."""
    scores, truth = by_head(logits, labels)
    return (scores.argmax(2) == truth).all(1)


def evaluation_batch(members: int, device: torch.device) -> int:
    """Choose how many images are evaluated at once."""
    if device.type != "cuda":
        return EVALUATION_BATCH
    return max(1, min(EVALUATION_BATCH, MAX_CUDA_EVALUATIONS // members))
