"""How well the members of a pack label a split: accuracies and losses, summed over batches on the device.

Another metric than accuracy needs the logits of the whole split, which are kept until all batches are done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.measure import scores_of, values_by_image

EVALUATION_BATCH = 1000
OWN_EVALUATION_BATCH = 250
MAX_CUDA_EVALUATIONS = 32_768  # members * images of a batch on a GPU: more would take too much memory for the maps


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How well one member labels one split.

    Attributes:
        accuracy: share of images with every head right, 0 to 1.
        head_accuracies: share of images with this head right, 0 to 1, for each head.
        loss: cross-entropy in nats, mean over images and heads; not finite if the member has diverged.
        measured: the score by another metric, if one was asked for; without meaning if the member has diverged.
        by_image: what each image says about that score, see `packtune.models.training.metrics.measure`: float32
            [images], on the CPU; none unless it was asked for.
    """

    accuracy: float
    head_accuracies: tuple[float, ...]
    loss: float
    measured: float | None = None
    by_image: Tensor | None = field(default=None, repr=False, compare=False)

    @property
    def score(self) -> float:
        """The score by the metric that was asked for."""
        return self.accuracy if self.measured is None else self.measured

    @property
    def diverged(self) -> bool:
        """Tell whether the loss is infinite or not a number."""
        return not math.isfinite(self.loss)


class Tally:
    """Sums of correct labels and of losses over batches. The sums stay on the device until `evaluations` is called.

    Args:
        metric: by which members are scored.
    """

    def __init__(self, members: int, heads: int, device: torch.device, *, metric: Metric = Metric.ACCURACY) -> None:
        self._metric = metric
        self._kept: list[tuple[Tensor, Tensor]] = []
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
        if self._metric is not Metric.ACCURACY:
            self._kept.append((logits, labels))

    def evaluations(self, *, by_image: bool = False) -> list[Evaluation]:
        """Divide the sums by the number of images: one evaluation for each member.

        Args:
            by_image: whether to say, of another metric than accuracy, what each image says about the score.

        Raises:
            ValueError: the metric has no value on this split.
        """
        n = self._images
        rows = zip(self._all_right.tolist(), self._right.tolist(), self._loss.tolist(), strict=True)
        evaluations = [
            Evaluation(accuracy=all_right / n, head_accuracies=tuple(right / n for right in heads), loss=loss / n)
            for all_right, heads, loss in rows
        ]
        return self._scored(evaluations, by_image=by_image) if self._kept else evaluations

    def _scored(self, evaluations: list[Evaluation], *, by_image: bool) -> list[Evaluation]:
        logits, labels = (torch.cat(kept, dim) for kept, dim in zip(zip(*self._kept, strict=True), (2, 0), strict=True))
        scores = scores_of(self._metric, logits, labels)
        values = list(values_by_image(self._metric, logits, labels)) if by_image else [None] * len(scores)
        return [
            replace(evaluation, measured=score, by_image=value)
            for evaluation, score, value in zip(evaluations, scores, values, strict=True)
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


def evaluation_batch(members: int, device: torch.device, *, is_own: bool = False) -> int:
    """Choose how many images are evaluated at once.

    Args:
        is_own: whether the networks are the user's own, whose values may take much more memory than the images.
    """
    if is_own:
        return OWN_EVALUATION_BATCH
    if device.type != "cuda":
        return EVALUATION_BATCH
    return max(1, min(EVALUATION_BATCH, MAX_CUDA_EVALUATIONS // members))
