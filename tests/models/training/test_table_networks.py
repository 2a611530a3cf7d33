"""Networks of the user's own for tables have no flatten layer before their first linear one."""

from __future__ import annotations

import torch
from torch import nn

from packtune.models.modules.parts import Layout, parts_of
from packtune.models.packed_network import PackedNetwork


def network():
    return nn.Sequential(nn.Linear(13, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3))


def test_a_normalization_after_the_first_linear_layer_of_a_table_is_packed():
    members, rows = [network() for _ in range(3)], torch.randn(5, 13)
    expected = torch.stack([member(rows).detach().t() for member in members])
    parts = tuple(parts_of(network(), rows))
    assert all(part.is_known for part in parts)
    packed = PackedNetwork(members, device=torch.device("cpu"), layout=Layout(parts=parts))
    torch.testing.assert_close(packed.forward(rows, training=False), expected)
