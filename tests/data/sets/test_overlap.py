import pytest
import torch

from packtune.data.dataset import Dataset
from packtune.data.description import digit_heads
from packtune.data.sets.overlap import ValidationPool, overlap, pair

SIZES = {"n_train": 300, "n_validation": 60, "n_test": 50}


@pytest.fixture
def base(make_split):
    """Single digits, each filled with its own number: 0-49 train, 50-69 validate, 70-99 test."""
    return Dataset(
        name="base",
        train=make_split(50, start=0),
        validation=make_split(20, start=50),
        test=make_split(30, start=70),
        heads=digit_heads("digit"),
    )


def drawn(split):
    """The numbers of the digits in a split of pairs, [n, 2]: rows 0 and 41 hold one digit each."""
    return torch.stack([split.inputs[:, 0, 0, 0], split.inputs[:, 0, 41, 0]], dim=1)


def test_the_brighter_pixel_stays_where_the_digits_meet():
    upper = torch.zeros(1, 28, 28, dtype=torch.uint8)
    lower = torch.zeros(1, 28, 28, dtype=torch.uint8)
    upper[0, 0, 0], lower[0, 27, 27] = 1, 2  # the two rows farthest apart
    upper[0, 14, 3], lower[0, 0, 3] = 200, 100  # both on row 14
    upper[0, 27, 4], lower[0, 13, 4] = 100, 250  # both on row 27
    lower[0, 14, 5] = 9  # the first row that is the lower digit's alone
    image = overlap(upper, lower)[0]
    assert image.shape == (42, 28)
    assert image.dtype == torch.uint8
    expected = {(0, 0): 1, (41, 27): 2, (14, 3): 200, (27, 4): 250, (28, 5): 9}
    assert {tuple(place.tolist()): int(image[tuple(place)]) for place in image.nonzero()} == expected


def test_overlap_is_the_maximum_of_the_two_shifted_digits():
    generator = torch.Generator().manual_seed(0)
    upper, lower = torch.randint(0, 256, (2, 7, 28, 28), dtype=torch.uint8, generator=generator)
    before = upper.clone(), lower.clone()
    gap = torch.zeros(7, 14, 28, dtype=torch.uint8)
    expected = torch.maximum(torch.cat([upper, gap], dim=1), torch.cat([gap, lower], dim=1))
    assert torch.equal(overlap(upper, lower), expected)
    assert torch.equal(upper, before[0])
    assert torch.equal(lower, before[1])


@pytest.mark.parametrize(
    "lower",
    [
        torch.zeros(2, 28, 28, dtype=torch.uint8),
        torch.zeros(1, 28, 28),
        torch.zeros(1, 8, 8, dtype=torch.uint8),
    ],
)
def test_overlap_refuses_other_shapes_and_dtypes(lower):
    with pytest.raises(ValueError, match=r"but both must be uint8 \[n, 28, 28\]"):
        overlap(torch.zeros(1, 28, 28, dtype=torch.uint8), lower)


@pytest.mark.parametrize("pool", ValidationPool)
def test_pairs_have_the_asked_sizes_and_both_labels(base, pool):
    dataset = pair(base, name="pairs", seed=3, validation_pool=pool, **SIZES)
    assert [len(split) for split in dataset.splits.values()] == [300, 60, 50]
    assert (dataset.name, dataset.input_shape) == ("pairs", (1, 42, 28))
    assert dataset.description.head_names == ("upper", "lower")
    for split in dataset.splits.values():
        assert torch.equal(drawn(split) % 10, split.labels)


@pytest.mark.parametrize("pool", ValidationPool)
def test_no_test_image_is_ever_trained_or_validated_on(base, pool):
    dataset = pair(base, name="pairs", seed=3, validation_pool=pool, **SIZES)
    assert drawn(dataset.train).max() < 70
    assert drawn(dataset.validation).max() < 70
    assert drawn(dataset.test).min() >= 70


def test_the_shared_pool_is_training_followed_by_validation(base):
    dataset = pair(base, name="pairs", seed=3, validation_pool=ValidationPool.SHARED, **SIZES)
    assert set(drawn(dataset.train).flatten().tolist()) == set(range(70))
    assert drawn(dataset.validation).min() < 50


def test_separate_pools_share_no_image(base):
    dataset = pair(base, name="pairs", seed=3, validation_pool=ValidationPool.SEPARATE, **SIZES)
    assert set(drawn(dataset.train).flatten().tolist()) == set(range(50))
    assert set(drawn(dataset.validation).flatten().tolist()) == set(range(50, 70))


def test_both_digits_are_drawn_independently_and_with_replacement(base):
    pairs = drawn(pair(base, name="pairs", seed=3, validation_pool=ValidationPool.SEPARATE, **SIZES).train)
    assert 0 < (pairs[:, 0] == pairs[:, 1]).sum() < 30
    assert len(pairs.unique(dim=0)) > 250
    assert 10 < (pairs[:, 0] % 10 == pairs[:, 1] % 10).sum() < 60


def test_the_purposes_have_streams_of_their_own(base):
    def draw(**sizes):
        return pair(base, name="pairs", seed=3, validation_pool=ValidationPool.SHARED, **(SIZES | sizes))

    first, more_training = draw(), draw(n_train=400)
    assert torch.equal(first.test.inputs, more_training.test.inputs)
    more_tests = draw(n_test=70)
    assert torch.equal(first.train.inputs, more_tests.train.inputs)
    assert torch.equal(first.validation.inputs, more_tests.validation.inputs)


def test_the_seed_decides_the_pairs_for_good(base):
    def draw(seed):
        return drawn(pair(base, name="x", seed=seed, validation_pool=ValidationPool.SHARED, **SIZES).test)

    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))
    assert draw(3)[:4].tolist() == [[95, 77], [70, 94], [86, 74], [92, 88]]


def test_pair_refuses_pairs_and_empty_splits(base):
    pairs = pair(base, name="pairs", seed=3, validation_pool=ValidationPool.SHARED, **SIZES)
    with pytest.raises(ValueError, match="has 2 heads .*, but pairs are made of images with one head"):
        pair(pairs, name="x", seed=3, validation_pool=ValidationPool.SHARED, **SIZES)
    with pytest.raises(ValueError, match="n_test = 0 is not allowed: give 1 or more"):
        pair(base, name="x", seed=3, validation_pool=ValidationPool.SHARED, **(SIZES | {"n_test": 0}))
