"""A score by another metric than accuracy, with what is known about its error."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from packtune.models.training.metrics.catalog import Metric

MAX_ERROR = 1e9
"""No standard error of a score is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The score of a trained network on a split.

    Attributes:
        value: the score, as the metric gives it.
        error: its standard error by the images alone, 0 where they show no spread; none where it was not asked for, as
            of a trial that was stopped early.
        as_many: how many independent images would say as much if all classes were equally hard, above 0; none likewise.
        by_image: what each image says about the score, see `packtune.models.training.metrics.measure`: float32,
            little-endian, compressed by zlib; empty where a task does not ask for it.
    """

    value: float
    error: float | None = None
    as_many: float | None = None
    by_image: bytes = b""

    def values(self, images: int) -> tuple[float, ...]:
        """Give what each image says.

        Raises:
            ValueError: it is of another number of images, or damaged.
        """
        try:
            return struct.unpack(f"<{images}f", zlib.decompress(self.by_image))
        except (zlib.error, struct.error) as error:
            raise ValueError(f"a score without values of {images} images ({error})") from error

    def to_json(self) -> list[Any]:
        """Write it with JSON's types only."""
        kept = [base64.b64encode(self.by_image).decode()] if self.by_image else []
        return [self.value, self.error, self.as_many, *kept]

    @classmethod
    def from_json(cls, values: Sequence[Any], metric: Metric) -> Self:
        """Read what `to_json` wrote.

        Raises:
            TypeError, ValueError: something else wrote it.
        """
        value, error, as_many, *kept = values
        score = cls(
            value=value,
            error=error,
            as_many=as_many,
            by_image=base64.b64decode(kept[0], validate=True) if kept else b"",
        )
        known = (error, as_many) != (None, None)
        if not 0 <= value <= metric.entry.highest or (
            known and not (0 <= error <= MAX_ERROR and 0 < as_many < math.inf)
        ):
            raise ValueError("no score has such an error")
        return score


def pack_values(values: bytes) -> bytes:
    """Compress what each image says, float32, little-endian."""
    return zlib.compress(values, level=1)


def mean_score(scores: Sequence[Score], *, share: float, metric: Metric) -> Score | None:
    """Average the scores of several trainings; none if there are none.

    Args:
        share: of these trainings among all, 0 to 1; the others diverged, and count as the worst score.
    """
    if not scores:
        return None
    mean = math.fsum(score.value for score in scores) / len(scores)
    errors = [score.error for score in scores if score.error is not None]
    return replace(
        scores[0],
        value=share * mean + (1 - share) * metric.entry.worst,
        error=math.fsum(errors) / len(errors) if errors else None,  # all are of the same images
        as_many=min((score.as_many for score in scores if score.as_many is not None), default=None),
        by_image=b"",
    )
