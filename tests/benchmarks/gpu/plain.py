"""The loop that people write: one network, one optimizer, autograd; images resident on the device as float32."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from packtune.data.dataset import Dataset
from packtune.data.description import PIXEL_SCALE
from packtune.models.architectures.build import build_network
from packtune.models.training.pack_training import Member


class PlainLoop:
    """Trains one member alone, on the mini-batches that a pack with the same batch seed sees."""

    def __init__(self, member: Member, dataset: Dataset, device: torch.device, *, batch_seed: int = 0) -> None:
        c = member.configuration
        self.network: nn.Sequential = build_network(
            c, input_shape=dataset.input_shape, outputs=dataset.outputs, seed=member.seed
        ).to(device)
        self._images: Tensor = dataset.train.inputs.to(device).to(torch.float32) / PIXEL_SCALE
        self._labels = dataset.train.labels[:, 0].to(device)
        self._batch_size = c.batch_size
        self._optimizer = torch.optim.SGD(
            self.network.parameters(), lr=c.learning_rate, momentum=c.momentum, nesterov=c.nesterov
        )
        self._order = torch.Generator().manual_seed(batch_seed)

    def train_epoch(self) -> None:
        """Walk once through the images in a new order, in full mini-batches."""
        n = len(self._images) // self._batch_size * self._batch_size
        order = torch.randperm(len(self._images), generator=self._order)[:n].to(self._images.device)
        for batch in order.split(self._batch_size):
            self._optimizer.zero_grad()
            functional.cross_entropy(self.network(self._images[batch]), self._labels[batch]).backward()
            self._optimizer.step()
