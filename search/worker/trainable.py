"""The Ray Tune trainable: one warm process that trains pack after pack. Needs Ray and PyTorch, not Optuna."""

from __future__ import annotations

import contextlib
import ctypes
import time
import traceback
from collections.abc import Mapping, Sequence

import torch
from ray import tune

from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.models.own.network import OwnNetwork
from packtune.models.own.registry import register
from packtune.worker.messages import Message, PackDone, RoundDone, read_task, write_message
from packtune.worker.pack_run import PackRun
from packtune.worker.shared_data import SharedDataset, from_arrays

MALLOPT_TRIM_THRESHOLD = -1  # from glibc's malloc.h
MALLOPT_MMAP_THRESHOLD = -3


def keep_freed_memory() -> None:
    """Let the C library keep the memory of freed tensors for the next ones, where it is glibc.

    By default, glibc gives large blocks back to the system at once. Every step of a convolution then has to get fresh
    pages, which is a fifth of its time.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(MALLOPT_MMAP_THRESHOLD, 1 << 30)
        mallopt(MALLOPT_TRIM_THRESHOLD, -1)


def set_up_process(threads: int = 1) -> None:
    """Set PyTorch and the C library for training, for the whole process."""
    torch.set_num_threads(threads)
    keep_freed_memory()
    # Numbers below 1e-38 would slow a processor down many times and change nothing.
    torch.set_flush_denormal(True)


class PackTrainable(tune.Trainable):
    """Trains the pack of its configuration; reused for the next pack without starting anew.

    Attributes:
        progress_interval_s: how often a long pack says how far it is; a short one says only that it is done.
    """

    progress_interval_s = 1.0

    def setup(
        self,
        config: dict[str, object],
        datasets: Mapping[str, SharedDataset] | None = None,
        threads: int = 1,
        networks: Sequence[OwnNetwork] = (),
    ) -> None:
        assert datasets is not None
        for network in networks:
            register(network)
        set_up_process(threads)
        self._datasets = {name: from_arrays(shared) for name, shared in datasets.items()}
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, object]) -> bool:
        self._task = read_task(new_config)
        self._run: PackRun | None = None
        self._saved_s = time.monotonic()
        self._round_s = 0.0
        return True

    def step(self) -> dict[str, object]:
        try:
            message = self.next_message()
        except Exception:
            message = PackDone(report=PackReport(error=traceback.format_exc(limit=-3).strip()))
        if isinstance(message, PackDone):
            self._run = None
        return write_message(message)

    def begin(self, task: PackTask) -> PackRun:
        """Begin a pack, or go on with it from its checkpoint."""
        return PackRun(task, self._datasets[task.data])

    def next_message(self) -> Message:
        """Train the pack until it is done, or until it is time to say how far it is."""
        until_s = time.monotonic() + self.progress_interval_s
        if self._run is None:
            self._run = self.begin(self._task)
        while not self._run.done:
            started_s = time.monotonic()
            self._run.advance()
            self._round_s = time.monotonic() - started_s
            if time.monotonic() >= until_s and not self._run.done:
                return RoundDone(epoch=self._run.epoch, checkpoint=self._due_checkpoint(self._run))
        return PackDone(report=self._run.report())

    def _due_checkpoint(self, run: PackRun) -> bytes | None:
        # A checkpoint is due if it would be overdue after one more round. No more is lost than the work of the
        # interval, or of one round.
        if time.monotonic() + self._round_s - self._saved_s < self._task.checkpoint_interval_s:
            return None
        self._saved_s = time.monotonic()
        return run.checkpoint()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Save nothing here: a checkpoint travels with a message, since nodes may share no disk."""

    def load_checkpoint(self, checkpoint: object) -> None:
        """Load nothing, see `save_checkpoint`."""
