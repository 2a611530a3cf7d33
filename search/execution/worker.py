"""The Ray Tune trainable: one warm process that trains pack after pack. Needs Ray and PyTorch, not Optuna."""

from __future__ import annotations

import contextlib
import ctypes
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ray import tune

from packtune.data.dataset import Dataset, Split
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.execution.pack_run import PackRun

TASK = "task"
REPORT = "report"
PROGRESS = "progress"
CHECKPOINT = "checkpoint"
# Long packs say how far they are about this often; short ones say only that they are done.
PROGRESS_INTERVAL_S = 1.0

MALLOPT_TRIM_THRESHOLD = -1  # from glibc's malloc.h
MALLOPT_MMAP_THRESHOLD = -3

SplitArrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDataset:
    """A data set as NumPy arrays, which Ray's object store shares between the workers of a node.

    Attributes:
        splits: images uint8 [n, height, width] and labels int64 [n, heads], by the split's name.
    """

    name: str
    splits: Mapping[str, SplitArrays]
    classes: int
    head_names: tuple[str, ...]


def to_arrays(dataset: Dataset) -> SharedDataset:
    """Turn a data set into what workers share."""
    splits = {
        name: (split.images.numpy(), split.labels.numpy())
        for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test))
    }
    return SharedDataset(name=dataset.name, splits=splits, classes=dataset.classes, head_names=dataset.head_names)


def from_arrays(shared: SharedDataset) -> Dataset:
    """Rebuild a data set on top of the shared arrays, without copying them."""
    with warnings.catch_warnings():
        # The arrays are read-only, and nothing here writes to a data set.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        splits = {
            key: Split(images=torch.from_numpy(images), labels=torch.from_numpy(labels))
            for key, (images, labels) in shared.splits.items()
        }
    return Dataset(name=shared.name, head_names=shared.head_names, classes=shared.classes, **splits)


def keep_freed_memory() -> None:
    """Let the C library keep the memory of freed tensors for the next ones, where it is glibc.

    By default it gives large blocks back to the system at once, and every step of a convolution then pays for fresh
    pages: a fifth of its time.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(MALLOPT_MMAP_THRESHOLD, 1 << 30)
        mallopt(MALLOPT_TRIM_THRESHOLD, -1)


class PackTrainable(tune.Trainable):
    """Trains the pack of its configuration; reused for the next pack without starting anew."""

    def setup(
        self,
        config: dict[str, Any],
        datasets: Mapping[str, SharedDataset] | None = None,
        threads: int = 1,
    ) -> None:
        assert datasets is not None
        torch.set_num_threads(threads)
        keep_freed_memory()
        # Numbers below 1e-38 would slow a processor down many times and change nothing.
        torch.set_flush_denormal(True)
        self._datasets = {name: from_arrays(shared) for name, shared in datasets.items()}
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._task: PackTask = new_config[TASK]
        self._run: PackRun | None = None
        self._saved_s = time.monotonic()
        self._round_s = 0.0
        return True

    def step(self) -> dict[str, Any]:
        try:
            return self._step()
        except Exception:
            return self._result(PackReport(error=traceback.format_exc(limit=-3).strip()))

    def _step(self) -> dict[str, Any]:
        until_s = time.monotonic() + PROGRESS_INTERVAL_S
        if self._run is None:
            self._run = PackRun(self._task, self._datasets[self._task.data])
        while not self._run.done:
            started_s = time.monotonic()
            self._run.advance()
            self._round_s = time.monotonic() - started_s
            if time.monotonic() >= until_s and not self._run.done:
                return {PROGRESS: self._run.epoch, "done": False} | self._due_checkpoint(self._run)
        return self._result(self._run.report())

    def _due_checkpoint(self, run: PackRun) -> dict[str, Any]:
        # Due now if it would be overdue a round later: no more than the interval, or one round, is ever lost.
        if time.monotonic() + self._round_s - self._saved_s < self._task.checkpoint_interval_s:
            return {}
        self._saved_s = time.monotonic()
        return {CHECKPOINT: run.checkpoint()}

    def _result(self, report: PackReport) -> dict[str, Any]:
        self._run = None
        return {REPORT: report, "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Save nothing here: a checkpoint travels with the result, since nodes need not share a disk."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Load nothing, see `save_checkpoint`."""
