"""Pairs of overlapping digits, drawn from a data set of single digits.

The rule of overlap() was found to give 4,000 of the 4,000 images of the reference's own test file.
"""

from __future__ import annotations

import enum

import numpy as np
import torch

from packtune.data.dataset import Dataset, Split

DIGIT_SIDE = 28
SHIFT = 14
"""Rows by which the lower digit lies below the upper one."""

PAIR_SEED = 12321


class ValidationPool(enum.Enum):
    """Where the digits of validation pairs come from.

    SHARED is the reference's way: training and validation pairs are drawn from one pool, the base's training
    split followed by its validation split. It fits a large base: of MNIST's 3,600 million possible pairs
    hardly any is drawn twice, though single digits do occur in both. Used for mnist-overlap.

    SEPARATE draws validation pairs from the base's validation split alone. It fits a small base: in a shared
    pool of 1,527 digits each occurs five times, so the network would be validated on digits it has learnt.
    Used for digits-overlap.
    """

    SHARED = "shared"
    SEPARATE = "separate"


class _Stream(enum.IntEnum):
    """The purposes that pairs are drawn for, each with its own random numbers."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


def overlap(upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
    """Lay pairs of digits over each other; where they meet, the brighter pixel stays.

    Args:
        upper: uint8 [n, 28, 28], goes to rows 0-27.
        lower: uint8 [n, 28, 28], goes to rows 14-41.

    Returns:
        uint8 [n, 42, 28].

    Raises:
        ValueError: other shapes or dtypes.
    """
    _check_digits(upper, lower)
    images = upper.new_zeros(len(upper), DIGIT_SIDE + SHIFT, DIGIT_SIDE)
    images[:, :DIGIT_SIDE] = upper
    images[:, SHIFT:] = torch.maximum(images[:, SHIFT:], lower)
    return images


def pair(
    base: Dataset,
    *,
    name: str,
    n_train: int,
    n_validation: int,
    n_test: int,
    seed: int,
    validation_pool: ValidationPool,
) -> Dataset:
    """Make a data set of overlapping digits with the heads "upper" and "lower".

    Both digits of a pair are drawn independently and with replacement. Test pairs come from the base's test
    split alone, and no training or validation pair does.

    Args:
        base: single digits of 28x28, with one head.
        name: the new data set's name.
        n_train, n_validation, n_test: pairs in each split, at least 1.
        seed: decides the pairs; each purpose has its own stream of random numbers.
        validation_pool: where validation pairs come from.

    Raises:
        ValueError: the base has other images or more heads, or a number is below 1.
    """
    _check_request(base, n_train=n_train, n_validation=n_validation, n_test=n_test)
    if validation_pool is ValidationPool.SHARED:
        both = _draw(_join(base.train, base.validation), n_train + n_validation, seed, _Stream.TRAIN)
        train, validation = both.first(n_train), both.slice(n_train, len(both))
    else:
        train = _draw(base.train, n_train, seed, _Stream.TRAIN)
        validation = _draw(base.validation, n_validation, seed, _Stream.VALIDATION)
    return Dataset(
        name=name,
        train=train,
        validation=validation,
        test=_draw(base.test, n_test, seed, _Stream.TEST),
        classes=base.classes,
        head_names=("upper", "lower"),
    )


def _draw(pool: Split, n: int, seed: int, stream: _Stream) -> Split:
    """Draw n pairs with replacement."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
    upper, lower = torch.from_numpy(generator.integers(len(pool), size=(2, n), dtype=np.int64))
    return Split(
        images=overlap(pool.images[upper], pool.images[lower]),
        labels=torch.cat([pool.labels[upper], pool.labels[lower]], dim=1),  # [n, 2]
    )


def _join(first: Split, second: Split) -> Split:
    return Split(images=torch.cat([first.images, second.images]), labels=torch.cat([first.labels, second.labels]))


def _check_digits(upper: torch.Tensor, lower: torch.Tensor) -> None:
    side = DIGIT_SIDE
    fits = [image.dtype == torch.uint8 and image.shape[1:] == (side, side) for image in (upper, lower)]
    if not all(fits) or len(upper) != len(lower):
        raise ValueError(
            f"Digits cannot be laid over each other: {upper.dtype} {list(upper.shape)} and {lower.dtype} "
            f"{list(lower.shape)} given, two of uint8 [n, {side}, {side}] allowed. Convert them first."
        )


def _check_request(base: Dataset, **n_pairs: int) -> None:
    if base.heads != 1:
        raise ValueError(
            f"Pairs cannot be made of data set {base.name!r}: {base.heads} heads {base.head_names} given, "
            "1 allowed. Use a data set of single digits."
        )
    for argument, n in n_pairs.items():
        if n < 1:
            raise ValueError(f"Too few pairs: {argument}={n} given, at least 1 allowed. Ask for a larger number.")
