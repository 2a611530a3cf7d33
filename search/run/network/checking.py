"""Tries a network of the user's own before anything is trained, so that what is wrong shows at once."""

from __future__ import annotations

import math
import random

from packtune.data.description import Description
from packtune.errors import NetworkError
from packtune.models.configuration import Value
from packtune.models.own.registry import find_build
from packtune.models.training.own_choice import check_own
from packtune.space.domains import Choices, Dimension, IntRange
from packtune.space.space import Space

MOST_TRIED = 16
"""Configurations that are tried until one can be trained; the others fail as trials, with their reason."""


def check_network(space: Space, data: Description) -> None:
    """Make sure that some configuration of a space can be built, called and trained.

    Raises:
        NetworkError: none of some can; the first reason is given.
    """
    assert space.network is not None
    find_build(space.network.architecture)  # what is wrong with the file itself shows first
    errors: list[Exception] = []
    draw = random.Random(0)
    for _ in range(MOST_TRIED):
        configuration = space.configuration_of(space.choose(lambda dimension: _draw(dimension, draw)))
        try:
            check_own(configuration, input_shape=data.input_shape, outputs=data.outputs)
            return
        except (ValueError, RuntimeError, NetworkError) as error:
            errors.append(error)
    first, all_of = errors[0], ""
    said = str(first) if isinstance(first, NetworkError) else f"{space.network.file} cannot be trained: {first}"
    if space.network.table:
        all_of = f". None of {len(errors)} configurations that were tried can"
    raise NetworkError(f"{said}{all_of}") from first


def _draw(dimension: Dimension, draw: random.Random) -> Value:
    """Draw a value of a hyperparameter."""
    domain = dimension.domain
    if isinstance(domain, Choices):
        return draw.choice(domain.values)
    low, high = (math.log(bound) if domain.log else bound for bound in (domain.low, domain.high))
    drawn = draw.uniform(low, high)
    found = min(domain.high, max(domain.low, math.exp(drawn) if domain.log else drawn))
    return round(found) if isinstance(domain, IntRange) else found
