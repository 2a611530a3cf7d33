"""How an epoch's steps are run on a device; knows nothing of networks or optimizers."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from packtune.models.hardware.recorder import CudaGraphs, Recorder, Work
from packtune.models.training.resident import Resident

STAGED_BATCHES = 8  # scaled to float32 together: fewer calls, and still inside a core's cache
WARM_UP_STEPS = 3  # before recording, so that libraries have chosen and all lasting tensors exist
RECORDED_STEPS = 8  # in one recording: a GPU idles for some microseconds between two

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


class StaticSteps:
    """The steps of an epoch on tensors that stay where they are, so that each step is the same work.

    The order of the epoch and the number of the next step are on the device: nothing is handed over between steps.
    """

    def __init__(self, step: Step, train: Resident, batch_size: int) -> None:
        self._step = step
        self._train = train
        steps = len(train) // batch_size
        self._order = torch.zeros(steps, batch_size, dtype=torch.int64, device=train.device)
        self._next = torch.zeros(1, dtype=torch.int64, device=train.device)

    def __len__(self) -> int:
        return len(self._order)

    def begin(self, order: Tensor) -> None:
        """Start an epoch in `order`, int64 [n]."""
        places = order[: self._order.numel()].view_as(self._order)
        if self._order.device.type == "cuda":
            places = places.pin_memory()  # else the copy waits for all that the device has yet to do
        self._order.copy_(places, non_blocking=True)
        self._next.zero_()

    def take(self, steps: int) -> None:
        """Take the next steps of the epoch, of which there must be as many left."""
        for _ in range(steps):
            places = self._order.index_select(0, self._next).squeeze(0)
            self._step(*self._train.take(places))
            self._next.add_(1)


class RecordedSteps(Steps):
    """Records a run of steps once and repeats it: a GPU does a small network's step faster than it can be asked to.

    The first steps after each `forget` are run as they come; all of them are, once a recording has failed.

    Args:
        new_recorder: makes a recorder for the device.

    Attributes:
        reason: why steps are not repeated from a recording; empty if they are.
    """

    def __init__(self, steps: StaticSteps, new_recorder: Callable[[], Recorder]) -> None:
        self.reason = ""
        self._steps = steps
        self._new_recorder = new_recorder
        self.forget()

    def forget(self) -> None:
        self._recorder = self._new_recorder()
        self._cold_steps = WARM_UP_STEPS
        self._repeats: dict[int, Work] = {}

    def run(self, order: Tensor) -> None:
        self._steps.begin(order)
        cold = min(self._cold_steps, len(self._steps))
        if cold:
            self._recorder.warm_up(lambda: self._steps.take(cold))
            self._cold_steps -= cold
        runs, single = divmod(len(self._steps) - cold, RECORDED_STEPS)
        for size, times in ((RECORDED_STEPS, runs), (1, single)):
            self._repeat(size, times)

    def _repeat(self, size: int, times: int) -> None:
        if times and size not in self._repeats:
            self._repeats[size] = self._record(size)
        for _ in range(times):
            self._repeats[size]()

    def _record(self, size: int) -> Work:
        work = partial(self._steps.take, size)
        if self.reason:
            return work
        try:
            return self._recorder.record(work)
        except RuntimeError as error:
            cause = _first_cause(error)
            self.reason = f"{type(cause).__name__}: {cause}"
            warnings.warn(
                f"Training steps could not be recorded on the GPU: {self.reason}. They are run one by one: the same "
                "results, only slower. If memory is short, smaller packs (--pack-size) need less of it.",
                RuntimeWarning,
                stacklevel=2,
            )
            return work


def _first_cause(error: BaseException) -> BaseException:
    """Find what went wrong first: ending a recording that failed raises an error of its own."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def make_steps(step: Step, train: Resident, batch_size: int, masks: torch.Generator) -> Steps:
    """Choose how to run `step` on the device of `train`; `masks` is the generator that it draws from."""
    if train.device.type == "cuda":
        return RecordedSteps(StaticSteps(step, train, batch_size), partial(CudaGraphs, train.device, masks))
    return EagerSteps(step, train, batch_size)
