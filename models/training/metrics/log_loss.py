"""The log-loss of one head. Logits are float32 [members, classes, n], truth is int64 [n]."""

from __future__ import annotations

from torch import Tensor

from packtune.models.training.metrics.catalog import MAX_LOSS


def log_losses(logits: Tensor, truth: Tensor) -> list[float]:
    """Give the mean loss of each member, in nats; see scikit-learn's `log_loss`."""
    # Row by row, as the way that a sum is rounded may depend on the size of the pack.
    return [float(losses.mean()) for losses in log_loss_by_image(logits, truth)]


def log_loss_by_image(logits: Tensor, truth: Tensor) -> Tensor:
    """Give the loss of each image: float64 [members, n], 0 to `MAX_LOSS` nats."""
    exact = logits.double()
    of_truth = exact.gather(1, truth.expand(len(logits), 1, -1)).squeeze(1)
    return (exact.logsumexp(1) - of_truth).clamp(0.0, MAX_LOSS)
