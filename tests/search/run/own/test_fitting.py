"""A space that was fitted to data: every configuration that it offers can be built and trained."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from packtune.data.catalog import DATASETS
from packtune.data.description import Description, Head
from packtune.errors import SpaceError
from packtune.models.architectures.build import build_network
from packtune.models.architectures.shapes import fits
from packtune.models.configuration import Configuration
from packtune.run.own.fitting import default_epochs, fit_space, left_out
from packtune.run.own.words import describe_fit
from packtune.space.builtin.notebook import NOTEBOOK_SPACES
from packtune.space.catalog import SPACES
from packtune.space.domains import Choices, Dimension, IntRange
from packtune.space.space import Space

SIDES = st.integers(1, 40)


def data_of(*shape, n_train=1000):
    heads = (Head(name="class", classes=("a", "b")),)
    return Description(
        name="mine", input_shape=shape, heads=heads, n_train=n_train, n_validation=9, n_test=9, fingerprint="x"
    )


def builds(configuration, shape):
    try:
        with torch.device("meta"):
            build_network(configuration, input_shape=shape, outputs=2, seed=0)
    except ValueError:
        return False
    return True


def domain_of(space, name):
    return next((each.domain for each in space.dimensions if each.name == name), None)


def cnns(space):
    """Draw configurations of a space, and keep the cnns."""
    rng = random.Random(0)

    def draw(dimension):
        values = dimension.domain.enumerate()
        return dimension.domain.low if values is None else rng.choice(values)

    drawn = [space.configuration_of(space.choose(draw)) for _ in range(200)]
    return [each for each in drawn if each.architecture == "cnn"]


@given(
    st.sampled_from(("mlp", "cnn", "overlap-cnn")), st.integers(1, 4), st.integers(1, 11), st.integers(1, 4),
    st.tuples(st.just(1), SIDES, SIDES) | st.tuples(SIDES),
)  # fmt: skip
def test_what_is_said_to_fit_can_be_built(architecture, blocks, kernel_size, pooling, shape):
    made = Configuration(
        architecture=architecture, blocks=blocks, kernel_size=kernel_size, pooling=pooling, filters=1, hidden_units=2
    )
    assert fits(made, shape) == builds(made, shape)


@given(SIDES, SIDES)
@pytest.mark.parametrize("name", ["wide", "broad"])
def test_every_cnn_of_a_space_can_be_built_on_images_of_any_size(name, height, width):
    data = data_of(1, height, width)
    fitted = fit_space(SPACES[name], data)
    offered = cnns(fitted)
    assert bool(offered) != ("cnn" in left_out(SPACES[name], data))
    assert all(builds(each, data.input_shape) for each in set(offered))
    assert offered or min(height, width) < 3  # with a kernel of 3 in one block
    assert fit_space(fitted, data).dimensions == fitted.dimensions


@given(st.integers(1, 30), st.integers(1, 30), st.permutations((1, 2, 3, 5)), st.integers(1, 4))
def test_of_choices_and_ranges_as_many_combinations_as_possible_are_left(height, width, kernels, most):
    cnn = {"architecture": ("cnn",)}
    space = Space(
        name="mine",
        dimensions=(
            Dimension(name="architecture", domain=Choices(values=("cnn", "mlp"))),
            Dimension(name="kernel_size", domain=Choices(values=tuple(kernels)), when=cnn),
            Dimension(name="blocks", domain=IntRange(low=1, high=most), when=cnn),
            Dimension(name="pooling", domain=Choices(values=(1, 2)), when=cnn),
            Dimension(name="filters", domain=Choices(values=(1,)), when={"kernel_size": (5,)}),
        ),
    )
    data = data_of(3, height, width)
    fitted = fit_space(space, data)
    left = [domain_of(fitted, name).enumerate() for name in ("kernel_size", "blocks", "pooling")]
    shapes = [dict(zip(("kernel_size", "blocks", "pooling"), each, strict=True)) for each in itertools.product(*left)]
    assert all(builds(Configuration(architecture="cnn", **each), data.input_shape) for each in shapes)
    assert left[0] == tuple(kernel for kernel in kernels if kernel in left[0])
    assert (5 in left[0]) == (domain_of(fitted, "filters") is not None)


@pytest.mark.parametrize(
    ("n_train", "side", "asked", "filters"),
    [
        (9_999, 17, (), (8, 16)),
        (10_000, 17, (), (8, 16, 32)),
        (9_999, 16, (), (8, 16, 32)),
        (9_999, 17, ("filters",), (8, 16, 32)),
    ],
)
def test_few_images_get_no_wide_cnn_unless_it_is_asked_for(n_train, side, asked, filters):
    data = data_of(1, side, side, n_train=n_train)
    fitted = fit_space(SPACES["wide"], data, asked)
    assert domain_of(fitted, "filters").values == filters
    assert fit_space(fitted, data, asked).dimensions == fitted.dimensions
    mine = replace(SPACES["wide"], name="mine")
    assert domain_of(fit_space(mine, data), "filters").values == (8, 16, 32)


def test_built_in_data_sets_get_the_space_as_it_is():
    for space in SPACES.values():
        assert fit_space(space, DATASETS["digits"].description) is space


def test_what_was_left_out_is_said():
    wide = SPACES["sgd"]
    small = data_of(1, 8, 8, n_train=400)
    assert describe_fit(wide, fit_space(wide, small), small) == [
        "Fitted to these data: batch_size 16, 32, 64; blocks 1."
    ]
    tiny = data_of(1, 2, 2)
    (line, _) = describe_fit(wide, fit_space(wide, tiny), tiny)
    assert line == "Left out of the space sgd, as images of this size are too small for them: cnn."
    table = data_of(5)
    assert describe_fit(wide, fit_space(wide, table), table)[0].endswith("as they need images: cnn.")
    large = data_of(3, 64, 64, n_train=10_000)
    assert describe_fit(wide, fit_space(wide, large), large) == []


@pytest.mark.parametrize("name", sorted({**SPACES, **NOTEBOOK_SPACES}))
@pytest.mark.parametrize("shape", [(4,), (1, 3, 3), (3, 8, 8), (1, 28, 28)])
@pytest.mark.parametrize("n_train", [20, 40, 5000])
def test_a_list_keeps_what_can_be_trained_or_is_refused_in_words(name, shape, n_train):
    space, data = {**SPACES, **NOTEBOOK_SPACES}[name], data_of(*shape, n_train=n_train)
    try:
        fitted = fit_space(space, data)
    except SpaceError as error:
        assert "give a space with" in str(error)
        return
    for row in fitted.listed:
        made = Configuration.from_dict(row)
        assert builds(made, shape)
        assert made.batch_size <= n_train
        assert all(value in domain_of(fitted, key).enumerate() for key, value in row.items())
    assert bool(fitted.listed) == bool(space.listed)


def test_a_space_without_a_batch_size_that_fits_is_refused():
    units = Space(name="units", dimensions=(Dimension(name="hidden_units", domain=Choices(values=(4,))),))
    with pytest.raises(SpaceError, match="the smallest batch_size of the space, 32, is more than the 20 training"):
        fit_space(units, data_of(4, n_train=20))


@pytest.mark.parametrize(
    ("shape", "n_train", "epochs"),
    [
        ((13,), 20, 100),
        ((13,), 1_257, 23),
        ((13,), 1_000_000, 6),
        ((1, 8, 8), 20, 100),
        ((1, 8, 8), 1_257, 17),
        ((3, 28, 28), 3_500, 6),
    ],
)
def test_few_examples_are_seen_more_often(shape, n_train, epochs):
    assert default_epochs(data_of(*shape, n_train=n_train)) == epochs


def augmented(*names):
    dimension = Dimension(name="augmentation", domain=Choices(values=names))
    return Space(name="augmented", dimensions=(dimension,))


def test_augmentations_of_images_are_left_out_for_a_table():
    offered = ("none", "shift", "mixup", "crop", "noise")
    assert domain_of(fit_space(augmented(*offered), data_of(7)), "augmentation").values == ("none", "mixup", "noise")
    assert domain_of(fit_space(augmented(*offered), data_of(1, 8, 8)), "augmentation").values == offered
    with pytest.raises(SpaceError, match="offers only the augmentations shift, flip, which need images"):
        fit_space(augmented("shift", "flip"), data_of(7))


@pytest.mark.parametrize(("name", "shape", "expected"), [("shift", (7,), False), ("noise", (7,), True)])
def test_what_fits_can_be_trained(name, shape, expected):
    assert fits(Configuration(augmentation=name), shape) is expected
    assert fits(Configuration(augmentation=name), (1, 8, 8))


def test_broad_offers_what_the_data_allow():
    of_table, of_images = (fit_space(SPACES["broad"], data_of(*shape)) for shape in ((7,), (3, 16, 16)))
    names = [{each.name for each in space.dimensions} for space in (of_table, of_images)]
    assert names[1] - names[0] == {"filters", "kernel_size", "convolution", "global_pooling"}
    assert domain_of(of_table, "architecture").values == ("mlp",)
    assert domain_of(of_table, "augmentation").values == ("none", "mixup", "noise")
    assert "shift" in domain_of(of_images, "augmentation").values
