"""How an epoch's steps are run on a device; knows nothing of networks or optimizers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor

from models.resident import Resident

STAGED_BATCHES = 8  # scaled to float32 together: fewer calls, and still inside a core's cache

Step = Callable[[Tensor, Tensor], None]
"""Learn from images float32 [batch, 1, h, w] and one-hot targets float32 [heads * classes, batch]."""


class Steps(ABC):
    """Runs the steps of whole epochs.

    Lifecycle: made for one training; `run` once an epoch; `forget` whenever the tensors that a step works on have
    been replaced, as when members were taken out.
    """

    @abstractmethod
    def run(self, order: Tensor) -> None:
        """Take one step for every full mini-batch of `order`, int64 [n], places in the split."""

    def forget(self) -> None:  # noqa: B027 - those that remember nothing have nothing to do
        """Hold on to no tensor of an earlier step."""


class EagerSteps(Steps):
    """Runs every step as it comes: on a processor the fastest way."""

    def __init__(self, step: Step, train: Resident, batch_size: int) -> None:
        self._step = step
        self._train = train
        self._batch_size = batch_size

    def run(self, order: Tensor) -> None:
        full = len(order) // self._batch_size * self._batch_size
        for places in order[:full].to(self._train.device).split(self._batch_size * STAGED_BATCHES):
            images, targets = self._train.take(places)
            batches = zip(images.split(self._batch_size), targets.split(self._batch_size, dim=1), strict=True)
            for batch in batches:
                self._step(*batch)
