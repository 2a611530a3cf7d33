"""Augmentation of training mini-batches: all members of a pack see the same changed examples.

Everything is drawn on the device, by a generator of the pack, and nothing waits for a value: a recorded step draws anew
each time it is repeated. Evaluation sees the examples as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

SHIFT_SHARE = 1 / 14
"""How far a shift goes at most, as a share of a side: 2 of 28 pixels; at least one pixel."""
SMALLEST_CROP = 0.75
"""Of a side."""
NOISE = 0.1
"""Standard deviation of the noise: columns of a table have one of about 1."""

Augment = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]
"""(inputs [batch, *input_shape], targets float32 [outputs, batch], source of the draws) -> both, in the same shapes."""


def shift(images: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Move each image by whole pixels, up or down and left or right. The border's pixels fill what becomes free."""
    rows, columns = (_places(images, axis) + _offsets(images, axis, generator) for axis in (2, 3))
    return _take(images, rows.clamp_(0, images.shape[2] - 1), columns.clamp_(0, images.shape[3] - 1)), targets


def flip(images: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mirror each image with a probability of one half: left becomes right."""
    columns = _places(images, 3)
    is_mirrored = torch.rand(len(images), 1, generator=generator, device=images.device) < 0.5
    columns = torch.where(is_mirrored, columns.flip(1), columns)
    return _take(images, _places(images, 2).expand(len(images), -1), columns), targets


def crop(images: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Enlarge a part of each image, of `SMALLEST_CROP` to 1 of its sides, to the whole, by bilinear interpolation."""
    size, top, left = torch.rand(3, len(images), 1, generator=generator, device=images.device)
    size = SMALLEST_CROP + (1 - SMALLEST_CROP) * size
    # In the coordinates of `grid_sample`, an image reaches from -1 to 1.
    y, x = (
        2 * ((1 - size) * start + size * (_places(images, axis) + 0.5) / images.shape[axis]) - 1
        for axis, start in ((2, top), (3, left))
    )
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), dim=3)
    cropped = functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    return cropped.to(images.dtype), targets


def mixup(inputs: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mix each example, and its target, with the next one of the mini-batch, in shares from Beta(1/2, 1/2).

    See "mixup: Beyond Empirical Risk Minimization" (Zhang et al. 2018).
    """
    drawn = torch.rand(len(inputs), generator=generator, device=inputs.device)
    share = (drawn * (math.pi / 2)).sin().square()  # of Beta(1/2, 1/2), the arcsine distribution
    own = share.to(inputs.dtype).view(-1, *[1] * (inputs.dim() - 1))
    mixed = inputs * own + inputs.roll(1, 0) * (1 - own)
    return mixed, targets * share + targets.roll(1, 1) * (1 - share)


def noise(inputs: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Add normal noise of a standard deviation of `NOISE` to every number."""
    drawn = torch.randn(inputs.shape, generator=generator, device=inputs.device)
    return inputs + drawn.mul_(NOISE).to(inputs.dtype), targets


AUGMENTATIONS: dict[str, Augment] = {"shift": shift, "flip": flip, "crop": crop, "mixup": mixup, "noise": noise}
"""By name; "none" stands for no augmentation."""


def augmented_step(
    augment: Augment,
    generator: torch.Generator,
    step: Callable[[Tensor, Tensor], None],
    inputs: Tensor,
    targets: Tensor,
) -> None:
    """Take a step on a mini-batch that is changed first."""
    step(*augment(inputs, targets, generator))


def _places(images: Tensor, axis: int) -> Tensor:
    """Number the rows (axis 2) or the columns (axis 3): int64 [1, size]."""
    return torch.arange(images.shape[axis], device=images.device)[None]


def _offsets(images: Tensor, axis: int, generator: torch.Generator) -> Tensor:
    """Draw how far each image is moved along an axis: int64 [batch, 1]."""
    reach = max(1, round(images.shape[axis] * SHIFT_SHARE))
    return torch.randint(-reach, reach + 1, (len(images), 1), generator=generator, device=images.device)


def _take(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Select pixels by their rows, int64 [batch, height], and columns, int64 [batch, width]."""
    channels, width = images.shape[1], images.shape[3]
    pixels = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)
    # Four times as fast as an index for each axis.
    return images.flatten(2).gather(2, pixels[:, None].expand(-1, channels, -1)).view_as(images)
