"""Spaces as columns of numbers, and back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from packtune.proposals.encoding import Encoding
from packtune.proposals.pack_window import PackStart
from packtune.proposals.random_draws import EvenDraws
from packtune.space.catalog import SPACES
from packtune.space.domains import Choices, Dimension, FloatRange, IntRange
from packtune.space.space import Space

MIXED = Space(
    name="mixed",
    dimensions=(
        Dimension(name="architecture", domain=Choices(values=("mlp", "cnn"))),
        Dimension(name="depth", domain=IntRange(low=0, high=4), when={"architecture": ("mlp",)}),
        Dimension(name="hidden_units", domain=IntRange(low=1, high=900, log=True), when={"depth": (1, 3)}),
        Dimension(name="batch_size", domain=Choices(values=(512, 16, 64))),
        Dimension(name="nesterov", domain=Choices(values=(True, False))),
        Dimension(name="dropout", domain=FloatRange(low=0.25, high=0.25)),
        Dimension(name="learning_rate", domain=FloatRange(low=1e-4, high=10, log=True)),
        Dimension(name="momentum", domain=FloatRange(low=0, high=0.9), when={"hidden_units": tuple(range(1, 500))}),
    ),
)


def drawn(space, n=300):
    encoding = Encoding(space)
    return encoding, EvenDraws(encoding, PackStart(seed=1, pack=0, first=0)).others(n, encoding.everywhere)


@pytest.mark.parametrize("space", [MIXED, SPACES["sgd"], SPACES["grid"]], ids=lambda space: space.name)
def test_rows_are_configurations_and_back(space):
    encoding, rows = drawn(space)
    for row in rows:
        values = encoding.decode(row)
        # The dimensions that apply, and no others.
        assert space.choose(lambda dimension, values=values: values[dimension.name]) == values
        again = encoding.encode(values)
        np.testing.assert_allclose(again, row, rtol=0, atol=1e-12)
        assert encoding.decode(again) == values


def test_ranges_are_reached_to_their_ends_and_not_left():
    encoding = Encoding(MIXED)
    for name, column in zip(encoding.names, encoding.columns, strict=True):
        for value in next(d for d in MIXED.dimensions if d.name == name).domain.bounds():
            assert column.decode(column.encode(value)) == value
    units = encoding.columns[encoding.names.index("hidden_units")]
    assert (units.decode(0.0), units.decode(1.0)) == (1, 900)
    with pytest.raises(ValueError, match="not in"):
        encoding.encode({"architecture": "rnn"})


def test_numbers_are_ordered_and_words_are_not():
    encoding = Encoding(MIXED)
    batch_size, nesterov = (encoding.columns[encoding.names.index(name)] for name in ("batch_size", "nesterov"))
    assert (batch_size.values, batch_size.ordered) == ((16, 64, 512), True)
    assert (nesterov.values, nesterov.ordered) == ((True, False), False)


def test_even_draws_meet_every_value_equally_often():
    encoding, rows = drawn(MIXED, 4000)
    values = [encoding.decode(row) for row in rows]
    for name, share in (("architecture", 2), ("batch_size", 3), ("nesterov", 2)):
        found = [v[name] for v in values]
        for value in set(found):
            assert abs(found.count(value) / len(found) - 1 / share) < 0.04
    depths = [v["depth"] for v in values if "depth" in v]
    assert all(abs(depths.count(depth) / len(depths) - 1 / 5) < 0.04 for depth in range(5))
    rates = [math.log10(v["learning_rate"]) for v in values]
    assert abs(np.mean(rates) - -1.5) < 0.1


def test_a_region_holds_the_values_it_names():
    encoding = Encoding(MIXED)
    region = encoding.region({"hidden_units": (33, 64), "batch_size": (64, 64), "architecture": ("mlp", "mlp")})
    rows = EvenDraws(encoding, PackStart(seed=1, pack=0, first=0)).others(500, region)
    found = [encoding.decode(row) for row in rows]
    for values in found:
        assert (values["architecture"], values["batch_size"]) == ("mlp", 64)
        assert 33 <= values.get("hidden_units", 33) <= 64
    assert {values.get("hidden_units") for values in found} >= {33, 64}
