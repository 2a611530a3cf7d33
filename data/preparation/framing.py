"""How the images of a data set are framed: where the ink lies in an image, and how large it is. Imports no NumPy."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Centring(enum.Enum):
    """What lies in the middle of an image: the centre of mass of the ink, or the middle of the box around it."""

    MASS = "mass"
    BOX = "box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How the images of a data set were made from scans; images of users are framed in the same way.

    The defaults are those of MNIST: digits are scaled to fit 20x20 pixels, and their centre of mass is put in the
    middle of 28x28 (LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998).

    Attributes:
        margin: pixels at each side that the ink leaves free, before it is centred by its mass.
        centring: what lies in the middle.
        scan_side: rows and columns of a scan that is enlarged to an image; none if images are not enlarged.
    """

    margin: int = 4
    centring: Centring = Centring.MASS
    scan_side: int | None = None
