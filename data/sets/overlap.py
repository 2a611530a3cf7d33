"""Pairs of overlapping digits, drawn from a data set of single digits.

The rule in `overlap` was checked: it reproduces all 4,000 images in the test file of the reference notebook.
"""

from __future__ import annotations

import enum

import numpy as np
import torch

from packtune.data.dataset import Dataset, Split
from packtune.data.description import digit_heads

DIGIT_SIDE = 28
SHIFT = 14
"""The number of rows between the top of the upper digit and the top of the lower digit."""

PAIR_SEED = 12321


class ValidationPool(enum.Enum):
    """Where the digits of validation pairs come from.

    SHARED draws training and validation pairs from one pool: the training split and the validation split of the base.
    The reference notebook does this. It is right for a large base: MNIST has 3,600 million possible pairs, so that
    hardly any pair is drawn twice, although the same digit may be in training and in validation pairs. Used for
    mnist-overlap.

    SEPARATE draws validation pairs from the validation split of the base only. It is right for a small base: in a
    shared pool of 1,527 digits, each digit would be drawn five times, and networks would be validated with digits from
    their training. Used for digits-overlap.
    """

    SHARED = "shared"
    SEPARATE = "separate"


class _Stream(enum.IntEnum):
    """The purposes of drawing pairs. Each has its own random numbers."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


def overlap(upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
    """Combine pairs of digits into one image each. Where the digits overlap, the brighter pixel is used.

    Args:
        upper: uint8 [..., 28, 28], placed in rows 0 to 27.
        lower: uint8 [..., 28, 28], placed in rows 14 to 41.

    Returns:
        uint8 [..., 42, 28].

    Raises:
        ValueError: a shape or dtype is wrong.
    """
    _check_digits(upper, lower)
    images = upper.new_zeros(*upper.shape[:-2], DIGIT_SIDE + SHIFT, DIGIT_SIDE)
    images[..., :DIGIT_SIDE, :] = upper
    images[..., SHIFT:, :] = torch.maximum(images[..., SHIFT:, :], lower)
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

    Both digits of a pair are drawn independently and with replacement. Test pairs are drawn from the test split of the
    base, and only they are.

    Args:
        base: single digits of 28x28, with one head.
        name: of the new data set.
        n_train, n_validation, n_test: the number of pairs in each split, at least 1.
        seed: decides which pairs are drawn; 0 or more.
        validation_pool: where validation pairs come from.

    Raises:
        ValueError: the base has images of another size or more than one head, or a number is below 1.
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
        heads=digit_heads("upper", "lower"),
    )


def _draw(pool: Split, n: int, seed: int, stream: _Stream) -> Split:
    """Draw n pairs with replacement."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))
    upper, lower = torch.from_numpy(generator.integers(len(pool), size=(2, n), dtype=np.int64))
    return Split(
        inputs=overlap(pool.inputs[upper], pool.inputs[lower]),
        labels=torch.cat([pool.labels[upper], pool.labels[lower]], dim=1),  # [n, 2]
    )


def _join(first: Split, second: Split) -> Split:
    return Split(inputs=torch.cat([first.inputs, second.inputs]), labels=torch.cat([first.labels, second.labels]))


def _check_digits(upper: torch.Tensor, lower: torch.Tensor) -> None:
    side = DIGIT_SIDE
    fits = [image.dtype == torch.uint8 and image.shape[-2:] == (side, side) for image in (upper, lower)]
    if not all(fits) or len(upper) != len(lower):
        raise ValueError(
            f"the digits are {upper.dtype} {list(upper.shape)} and {lower.dtype} {list(lower.shape)}, but both must be "
            f"uint8 [n, {side}, {side}] with the same n: convert them"
        )


def _check_request(base: Dataset, **n_pairs: int) -> None:
    if len(base.heads) != 1:
        raise ValueError(
            f"data set {base.name!r} has {len(base.heads)} heads {base.description.head_names}, but pairs are made of "
            "images with one head: use a data set of single digits"
        )
    for argument, n in n_pairs.items():
        if n < 1:
            raise ValueError(f"{argument} = {n} is not allowed: give 1 or more")
