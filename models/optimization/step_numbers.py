"""Numbers of each member that change from step to step, where the steps of a GPU can read them from a recording."""

from __future__ import annotations

import torch
from torch import Tensor


class StepNumbers:
    """A table of numbers, of which each step reads the next row.

    A recording of a GPU's steps has the addresses of its tensors, and no number of Python's that changes. There, the
    table and the index of the next row are tensors on the device, which stay where they are from epoch to epoch.

    Args:
        device: where the numbers are needed.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._counts_on_device = device.type != "cpu"
        self._table = torch.empty(0, 0, 0, device=device)
        self._row = torch.zeros(1, dtype=torch.int64, device=device)
        self._next = 0

    def load(self, table: Tensor) -> None:
        """Begin with the first row of a table, float64 [rows, numbers, members]. A single row serves for all steps."""
        rounded = table.float()
        if not self._counts_on_device:
            self._table = rounded
        elif self._table.shape != rounded.shape:
            self._table = rounded.to(self._device)
        else:
            # From memory that is not pinned, the copy would wait until the device has done all its work.
            pinned = rounded.pin_memory() if self._device.type == "cuda" else rounded
            self._table.copy_(pinned, non_blocking=True)
        self._next = 0
        self._row.zero_()

    def advance(self) -> tuple[Tensor, ...]:
        """Give the numbers of the next step, float32 [members] each."""
        if len(self._table) == 1:
            return self._table[0].unbind()
        if not self._counts_on_device:
            self._next += 1
            return self._table[self._next - 1].unbind()
        row = self._table.index_select(0, self._row)
        self._row.add_(1)
        return row[0].unbind()
