"""How a trial is trained and evaluated, beside its hyperparameters: the search's way, or the reference notebook's."""

from __future__ import annotations

from enum import StrEnum

from packtune.seeds import batch_seed, weight_seed


class Protocol(StrEnum):
    """SEARCH draws a new order of the images for each epoch and new initial weights for each trial, and evaluates
    on all images. NOTEBOOK draws one order for all epochs, with NumPy's legacy generator, and the initial weights of
    every trial from the search's seed itself, one higher for each replicate, and evaluates on full mini-batches only.
    """

    SEARCH = "search"
    NOTEBOOK = "notebook"

    def trial_seed(self, search_seed: int, trial: int, replicate: int) -> int:
        """Seed a trial's initial weights.

        Args:
            replicate: how many trials of the same configuration came before.
        """
        return search_seed + replicate if self is Protocol.NOTEBOOK else weight_seed(search_seed, trial=trial)

    def order_seed(self, search_seed: int) -> int:
        """Seed the order of the images, which all trials share."""
        return search_seed if self is Protocol.NOTEBOOK else batch_seed(search_seed)

    def evaluated(self, images: int, batch_size: int) -> int:
        """Give how many of so many images an accuracy is measured on."""
        return images // batch_size * batch_size or images if self is Protocol.NOTEBOOK else images


# The seed of everything random in the notebook.
NOTEBOOK_SEED = 12321
