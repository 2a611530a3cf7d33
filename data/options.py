"""What a user says of data of their own: which column is the target, and how it is split."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """How data of the user's own are read.

    Attributes:
        target: of a table, the columns to be predicted, one for each head.
        group: of a table, a column whose equal values stay in one split, such as a patient's number.
        validation_share: of the examples for training and validation, which share validates; above 0, below 1. None for
            a rule of their number.
        test_share: of all examples, which share tests; above 0, below 1. None for a rule of their number.
        image_size: height and width to which pictures are scaled; none where all have one size. Of a table whose
            columns are pixels, the size of the images that they make.

    Raises:
        SettingsError: a value is not allowed.
    """

    target: tuple[str, ...] = ()
    group: str | None = None
    validation_share: float | None = None
    test_share: float | None = None
    image_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name, share in (("validation_share", self.validation_share), ("test_share", self.test_share)):
            if share is not None and not 0 < share < 1:
                raise SettingsError(f"{name} = {share} is not allowed: give a share above 0 and below 1, such as 0.2")
        if self.image_size is not None and min(self.image_size) < 1:
            height, width = self.image_size
            raise SettingsError(f"image_size = {height}x{width} is not allowed: give a height and width from 1")
        if len(set(self.target)) != len(self.target):
            raise SettingsError(f"target = {', '.join(self.target)} names a column twice: name each once")
