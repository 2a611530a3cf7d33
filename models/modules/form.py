"""The form of the values before and after a module: shared by all members, units or maps.

See `packtune.models.layers.packed_layer`. A plain module wants its own values with the batch first instead.
"""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor


class Form(Enum):
    """How the values of a pack lie in a tensor. `OTHER` has no packed form: only another module can follow."""

    SHARED = "shared"
    UNITS = "units"
    MAPS = "maps"
    OTHER = "other"


def form_of(output: Tensor) -> Form:
    """Give the form that a plain network's values [batch, ...] have in a pack."""
    return {2: Form.UNITS, 4: Form.MAPS}.get(output.dim(), Form.OTHER)


def by_member(values: Tensor, form: Form, members: int) -> Tensor:
    """Bring units or maps into the form [members, batch, ...]; values that members share stay as they are."""
    match form:
        case Form.UNITS:
            return values.transpose(1, 2)
        case Form.MAPS:
            maps: Tensor = values.unflatten(1, (members, -1))
            return maps.transpose(0, 1)
    return values


def as_form(values: Tensor, form: Form) -> Tensor:
    """Bring values [members, batch, ...] into the form of units or maps: the inverse of `by_member`."""
    if form is Form.UNITS:
        return values.transpose(1, 2).contiguous()
    maps = values.transpose(0, 1).flatten(1, 2)
    return maps.contiguous(memory_format=torch.channels_last)
