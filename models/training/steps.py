"""Running the steps of an epoch on a device. Knows nothing about networks or optimizers."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from packtune.models.hardware.recorder import CudaGraphs, Recorder, Work
from packtune.models.training.device_split import DeviceSplit

STAGED_BATCHES = 8  # converted to numbers in one call; so many still fit in the cache of a core
WARM_UP_STEPS = 3  # before a recording: libraries have then chosen their algorithms, and all lasting tensors exist
RECORDED_STEPS = 8  # in one recording: between two recordings a GPU is idle for some microseconds

Step = Callable[[Tensor, Tensor], None]
"""Takes one step on images products [batch, 1, height, width] and one-hot targets float32 [heads * classes, batch]."""


class Steps(ABC):
    """Runs the steps of whole epochs.

    Lifecycle: made for one training; `run` once for each epoch; `forget` when the tensors that a step uses were
    replaced, for example because members were taken out.
    """

    @abstractmethod
    def run(self, order: Tensor) -> None:
        """Take one step for every full mini-batch of `order`, int64 [n], indices of images in the split."""

    def forget(self) -> None:  # noqa: B027 - does nothing where no tensor is stored
        """Release all tensors of earlier steps."""


class EagerSteps(Steps):
    """Runs the code of every step. On a CPU this is the fastest way."""

    def __init__(self, step: Step, train: DeviceSplit, batch_size: int) -> None:
        self._step = step
        self._train = train
        self._batch_size = batch_size

    def run(self, order: Tensor) -> None:
        full = len(order) // self._batch_size * self._batch_size
        for indices in order[:full].to(self._train.device).split(self._batch_size * STAGED_BATCHES):
            images, targets = self._train.take(indices)
            batches = zip(images.split(self._batch_size), targets.split(self._batch_size, dim=1), strict=True)
            for batch in batches:
                self._step(*batch)


class StaticSteps:
    """The steps of an epoch as the same work on the same tensors, so that a recording of one step serves for all.

    The order of the images and the number of the next step are tensors on the device. Nothing is copied to the device
    between steps.
    """

    def __init__(self, step: Step, train: DeviceSplit, batch_size: int) -> None:
        self._step = step
        self._train = train
        steps = len(train) // batch_size
        self._order = torch.zeros(steps, batch_size, dtype=torch.int64, device=train.device)
        self._next = torch.zeros(1, dtype=torch.int64, device=train.device)

    def __len__(self) -> int:
        return len(self._order)

    def begin(self, order: Tensor) -> None:
        """Start an epoch in `order`, int64 [n]."""
        indices = order[: self._order.numel()].view_as(self._order)
        if self._order.device.type == "cuda":
            indices = indices.pin_memory()  # otherwise the copy waits until the device has done all its work
        self._order.copy_(indices, non_blocking=True)
        self._next.zero_()

    def take(self, steps: int) -> None:
        """Take the next `steps` steps of the epoch; at least as many must be left."""
        for _ in range(steps):
            indices = self._order.index_select(0, self._next).squeeze(0)
            self._step(*self._train.take(indices))
            self._next.add_(1)


class RecordedSteps(Steps):
    """Records some steps once and then repeats the recording.

    On a small network, a GPU computes a step in less time than Python needs to ask for it. A recording asks only once.
    The first steps after each `forget` run without a recording. If a recording fails, all further steps do.

    Args:
        new_recorder: makes a recorder for the device.

    Attributes:
        reason: why a recording failed; empty if none did.
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
                f"cannot record training steps on the GPU: {self.reason}. The results stay the same, but training is "
                "slower. If the GPU has too little memory, use smaller packs (--pack-size)",
                RuntimeWarning,
                stacklevel=2,
            )
            return work


def _first_cause(error: BaseException) -> BaseException:
    """Find the first error: the end of a failed recording raises an error of its own."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def make_steps(
    step: Step, train: DeviceSplit, batch_size: int, *generators: torch.Generator, recorded: bool = True
) -> Steps:
    """Choose how to run `step` on the device of `train`.

    Args:
        generators: all that `step` draws from.
        recorded: whether a step may be recorded on a GPU.
    """
    if train.device.type == "cuda" and recorded:
        return RecordedSteps(StaticSteps(step, train, batch_size), partial(CudaGraphs, train.device, *generators))
    return EagerSteps(step, train, batch_size)
