"""The ground and the ink of one image, each image judged by itself; and the image as light ink on black."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FULL_CONTRAST = 128
"""From this difference between ink and ground, of 255, an image is used as it is. Those of the data sets have 223."""
DIM = 64
"""Below this difference an image is dim: its label is doubtful."""
BLANK = 16
"""Below this difference an image is blank: it shows no more than the noise of a camera or of JPEG."""
GROUND_TOLERANCE = 32
"""So far from black, or from white, the ground may be if an image is used as it is."""
WHITE = 255


class Ink(enum.Enum):
    """How well the ink can be told from the ground."""

    CLEAR = "clear"
    DIM = "dim"
    BLANK = "blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The two levels of an image.

    Attributes:
        ground: the median of the pixels at the border, 0 to 255.
        ink: the level that is farthest from it.
    """

    ground: int
    ink: int

    @property
    def difference(self) -> int:
        """How far ink and ground are apart, 0 to 255."""
        return abs(self.ink - self.ground)

    @property
    def is_dark_on_light(self) -> bool:
        """Whether the ink is darker than the ground, as on paper."""
        return self.ink < self.ground

    @property
    def kind(self) -> Ink:
        """How well the ink can be told from the ground."""
        if self.difference < BLANK:
            return Ink.BLANK
        return Ink.DIM if self.difference < DIM else Ink.CLEAR

    @property
    def is_full(self) -> bool:
        """Whether the ground is nearly black or nearly white, and the ink far from it."""
        from_end = WHITE - self.ground if self.is_dark_on_light else self.ground
        return self.difference >= FULL_CONTRAST and from_end <= GROUND_TOLERANCE


def contrast_of(image: npt.NDArray[np.uint8]) -> Contrast:
    """Find the ground and the ink of an image, uint8 [height, width]."""
    borders = (image[[0, -1], :], image[1:-1, [0, -1]])
    ground = int(np.median(np.concatenate([pixels.ravel() for pixels in borders])))
    low, high = int(image.min()), int(image.max())
    return Contrast(ground=ground, ink=low if ground - low > high - ground else high)


def to_light_on_dark(image: npt.NDArray[np.uint8], contrast: Contrast) -> npt.NDArray[np.uint8]:
    """Give an image as light ink on black.

    With full contrast, light ink stays as it is, and dark ink becomes 255 minus each pixel: an image that was inverted
    is again the very image. With less, the ground becomes 0 and the ink 255.
    """
    if contrast.is_full:
        return WHITE - image if contrast.is_dark_on_light else image
    share = (image.astype(np.float64) - contrast.ground) / (contrast.ink - contrast.ground)
    return np.rint(np.clip(share, 0, 1) * WHITE).astype(np.uint8)
