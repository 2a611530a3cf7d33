"""A split of a data set on the training device. Images stay bytes there; batches are given as numbers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from packtune.data.dataset import Dataset, Split


class DeviceSplit:
    """A split on the training device, with inputs as in `Split` and labels int64 [n, heads].

    Args:
        split: what to copy to the device.
        dataset: of which it is a split.
        device: the training device.
        dtype: of the inputs in a batch; float32 and bfloat16 both hold a pixel exactly.
    """

    def __init__(
        self, split: Split, dataset: Dataset, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> None:
        self._dtype = dtype
        self._inputs = split.inputs.to(device)
        self._labels = split.labels.to(device)
        self._outputs = dataset.outputs
        self._first_output = torch.arange(len(dataset.heads), device=device) * dataset.classes  # of each head
        scaling = dataset.scaling
        self._is_plain = len(scaling.factors) == 1 and not any(scaling.offsets)
        self._factor = scaling.factors[0]
        self._factors, self._offsets = (
            torch.tensor(values, device=device).view(-1, 1, 1) for values in (scaling.factors, scaling.offsets)
        )

    def __len__(self) -> int:
        return len(self._inputs)

    @property
    def device(self) -> torch.device:
        """The device that the split is on."""
        return self._inputs.device

    @torch.inference_mode(False)  # autograd takes such tensors without a copy
    def take(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Select examples by their indices, int64 [m] on the device.

        Returns:
            Inputs `dtype` [m, *input_shape], scaled, and one-hot targets float32 [heads * classes, m].
        """
        inputs = self._scale(self._inputs.index_select(0, indices))
        return inputs, self._one_hot(self._labels.index_select(0, indices))

    def chunks(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all examples in order, at most `size` at a time.

        Yields:
            Inputs `dtype` [m, *input_shape], scaled, and labels int64 [m, heads].
        """
        for inputs, labels in zip(self._inputs.split(size), self._labels.split(size), strict=True):
            yield self._scale(inputs), labels

    def _one_hot(self, labels: Tensor) -> Tensor:
        targets = torch.zeros(self._outputs, len(labels), device=labels.device)
        return targets.scatter_(0, (labels + self._first_output).t(), 1.0)

    def _scale(self, inputs: Tensor) -> Tensor:
        """Turn bytes into a network's input, as the data set says; the rows of a table are prepared already."""
        if inputs.dtype != torch.uint8:
            return inputs.to(self._dtype)
        if self._is_plain:
            return inputs.to(self._dtype).mul_(self._factor)
        return inputs.float().mul_(self._factors).add_(self._offsets).to(self._dtype)
