"""A space with a network of the user's own: its hyperparameters beside the common ones of the space."""

from __future__ import annotations

from dataclasses import replace

from packtune.errors import SpaceError
from packtune.models.own.hyperparameters import NetworkSpace, is_replaced
from packtune.space.file import dimension_of
from packtune.space.narrowing import narrow
from packtune.space.space import Space


def with_network(space: Space, network: NetworkSpace) -> Space:
    """Put a network of the user's own into a space, in the place of built-in ones.

    What a space says of the network's hyperparameters counts; the others are as the network has them.

    Raises:
        SpaceError: the space is a list of configurations of built-in networks, or a hyperparameter has no values.
    """
    if space.listed:
        raise SpaceError(
            f"the space {space.name!r} lists configurations of built-in networks, and {network.file} is none: give "
            "another space, such as wide, or one of your own"
        )
    own = network.hyperparameters
    known = {each.name for each in space.dimensions if each.name in own and space.network is not None}
    added = [dimension_of(network.file, name, entry, own) for name, entry in network.table.items() if name not in known]
    gone = {each.name for each in space.dimensions if is_replaced(each.name) or each.name in own} - known
    kept = narrow([each for each in space.dimensions if each.name not in gone], {})
    return replace(space, dimensions=(*added, *kept), network=network)
