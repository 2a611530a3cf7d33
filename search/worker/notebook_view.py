"""A data set as the reference notebook's protocol sees it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from packtune.data.dataset import Dataset, Split
from packtune.protocol import Protocol


def notebook_view(dataset: Dataset, *, order_seed: int, batch_size: int) -> Dataset:
    """Order the training images as the notebook does, and cut validation and test to full batches.

    Args:
        order_seed: 0 to 2**32 - 1, of `numpy.random.seed` before `numpy.random.shuffle`.
        batch_size: of training; validation and test lose what does not fill a last batch of it.
    """
    order = np.arange(len(dataset.train))
    np.random.RandomState(order_seed).shuffle(order)

    def full_batches(split: Split) -> Split:
        return split.first(Protocol.NOTEBOOK.evaluated(len(split), batch_size))

    return replace(
        dataset,
        train=dataset.train.take(torch.from_numpy(order)),
        validation=full_batches(dataset.validation),
        test=full_batches(dataset.test),
    )
