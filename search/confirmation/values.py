"""What each image says about the trainings of a configuration: the rows of the tables that are compared.

An image says whether it was labelled right; of another metric than accuracy, a number whose mean over the images is the
score, see `packtune.models.training.metrics.measure`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from packtune.confirmation.crossed import Values
from packtune.models.training.metrics.catalog import Metric
from packtune.trial import Accuracy, Answers


def rows_of(
    scores: Sequence[Accuracy | None], answers: Sequence[Answers | None], *, images: int, metric: Metric
) -> Values:
    """Give the table of some trainings, [trainings, images]: bool for accuracy, else float64.

    A training that left no network counts as the worst there is.

    Args:
        scores: of the trainings on these images.
        answers: of the same trainings to the same images.

    Raises:
        ValueError: there is something of another number of images.
    """
    if metric is Metric.ACCURACY:
        return np.array([right_images(each, images) for each in answers])
    return np.array([_values(each, images, metric) for each in scores])


def right_images(answers: Answers | None, images: int) -> npt.NDArray[np.bool_]:
    """Give which images were labelled right, bool [images]; all wrong for a training that ended without a network.

    Raises:
        ValueError: the answers are of another number of images.
    """
    if answers is None:
        return np.zeros(images, dtype=np.bool_)
    if answers.images != images:
        raise ValueError(f"answers for {answers.images} images instead of {images}")
    return np.unpackbits(np.frombuffer(answers.bits, dtype=np.uint8), count=images).astype(np.bool_)


def as_many_of(scores: Sequence[Accuracy | None], images: int) -> float:
    """Give how many independent images say as much as these in the least of the trainings, see `Score`."""
    known = (each.measured.as_many for each in scores if each and each.measured)
    return min((as_many for as_many in known if as_many is not None), default=float(images))


def _values(score: Accuracy | None, images: int, metric: Metric) -> npt.NDArray[np.float64]:
    if score is None or score.measured is None or not score.measured.by_image:
        return np.full(images, metric.entry.worst)
    return np.array(score.measured.values(images))
