"""How trials are trained and evaluated: in the way of a search, or in that of the reference notebook."""

from __future__ import annotations

from enum import StrEnum

from packtune.seeds import batch_seed, weight_seed


class Protocol(StrEnum):
    """A way to train and evaluate trials.

    SEARCH draws a new order of the images for each epoch, and new initial weights for each trial. It evaluates on all
    images.

    NOTEBOOK draws one order for all epochs, with NumPy's legacy generator. The seed of the search itself gives the
    initial weights of every trial; each replicate has a seed one higher. It evaluates on full mini-batches only.
    """

    SEARCH = "search"
    NOTEBOOK = "notebook"

    def trial_seed(self, search_seed: int, trial: int, replicate: int) -> int:
        """Give the seed of the initial weights of a trial.

        Args:
            replicate: the number of earlier trials of the same configuration.
        """
        return search_seed + replicate if self is Protocol.NOTEBOOK else weight_seed(search_seed, trial=trial)

    def order_seed(self, search_seed: int) -> int:
        """Give the seed of the order of the training images, which all trials share."""
        return search_seed if self is Protocol.NOTEBOOK else batch_seed(search_seed)

    def evaluated(self, images: int, batch_size: int) -> int:
        """Count the images that an accuracy is measured on.

        Args:
            images: images that there are.
            batch_size: of training.
        """
        return images // batch_size * batch_size or images if self is Protocol.NOTEBOOK else images


NOTEBOOK_SEED = 12321
"""The seed of everything random in the notebook."""
