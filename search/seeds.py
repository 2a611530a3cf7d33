"""Every random draw of a search comes from (search seed, purpose, trial number, replicate)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a seed is for; the numbers are part of the result and never change."""

    INITIAL_WEIGHTS = 0
    BATCHES = 1
    SAMPLER = 2
    CONFIRMED_WEIGHTS = 3
    CONFIRMED_BATCHES = 4
    RESAMPLING = 5


def derive_seed(search_seed: int, purpose: Purpose, *, trial: int = 0, replicate: int = 0) -> int:
    """Derive an independent seed, 0 to 2**32 - 1, with NumPy's SeedSequence."""
    sequence = np.random.SeedSequence([search_seed, purpose, trial, replicate])
    return int(sequence.generate_state(1, np.uint32)[0])


def batch_seed(search_seed: int, *, replicate: int = 0) -> int:
    """Seed the order of the images: the same for every trial, so that trials are compared on the same batches."""
    return derive_seed(search_seed, Purpose.BATCHES, replicate=replicate)


def weight_seed(search_seed: int, *, trial: int, replicate: int = 0) -> int:
    """Seed the initial weights of one trial."""
    return derive_seed(search_seed, Purpose.INITIAL_WEIGHTS, trial=trial, replicate=replicate)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshSeeds:
    """The seeds of one repeat: everything that varies between two trainings of one configuration.

    All finalists share them, so that they are compared on the same draws.

    Attributes:
        weights: of the initial weights, 0 to 2**32 - 1.
        batches: of the order of the images and of dropout, 0 to 2**32 - 1.
        resampling: of the split of training and validation images, 0 to 2**32 - 1.
    """

    weights: int
    batches: int
    resampling: int


def fresh_seeds(search_seed: int, repeat: int) -> FreshSeeds:
    """Derive the seeds of a repeat, 0 or more. No trial of the search itself has one of them."""
    return FreshSeeds(
        weights=derive_seed(search_seed, Purpose.CONFIRMED_WEIGHTS, replicate=repeat),
        batches=derive_seed(search_seed, Purpose.CONFIRMED_BATCHES, replicate=repeat),
        resampling=derive_seed(search_seed, Purpose.RESAMPLING, replicate=repeat),
    )


def sampler_seed(search_seed: int, *, trial: int) -> int:
    """Seed the proposal of one trial."""
    return derive_seed(search_seed, Purpose.SAMPLER, trial=trial)
