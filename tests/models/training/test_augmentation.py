"""Augmentations one by one: what they change, what they leave, and from which draws."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from packtune.data.dataset import Dataset, Split
from packtune.data.description import digit_heads
from packtune.models.configuration import AUGMENTATION_NAMES, Configuration
from packtune.models.training.augmentation import AUGMENTATIONS, NOISE, SMALLEST_CROP, flip, mixup, noise, shift
from packtune.models.training.pack_training import Member, PackTraining

BATCH, CHANNELS, HEIGHT, WIDTH, OUTPUTS = 64, 2, 28, 14, 10
GEOMETRIC = ("shift", "flip", "crop")

augmentations = pytest.mark.parametrize("name", AUGMENTATIONS)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(2)
    images = torch.rand(BATCH, CHANNELS, HEIGHT, WIDTH, generator=generator)
    labels = torch.randint(OUTPUTS, (BATCH,), generator=generator)
    return images, functional.one_hot(labels, OUTPUTS).t().float()


def draws(seed=5):
    return torch.Generator().manual_seed(seed)


def moved(image, down, right):
    """Move an image slowly, pixel by pixel, with the border's pixels where it has none."""
    result = torch.empty_like(image)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            source = min(max(row + down, 0), HEIGHT - 1), min(max(column + right, 0), WIDTH - 1)
            result[:, row, column] = image[:, source[0], source[1]]
    return result


def test_every_name_of_a_configuration_has_its_augmentation():
    assert ("none", *AUGMENTATIONS) == AUGMENTATION_NAMES


@augmentations
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_shapes_and_types_stay_and_the_given_tensors_too(name, dtype, batch):
    images, targets = batch[0].to(dtype), batch[1]
    given = images.clone(), targets.clone()
    changed = AUGMENTATIONS[name](images, targets, draws())
    for tensor, before, after in zip((images, targets), given, changed, strict=True):
        assert (tensor.shape, tensor.dtype) == (after.shape, after.dtype)
        assert torch.equal(tensor, before)
    assert not torch.equal(changed[0], images)
    assert changed[0].isfinite().all()


@augmentations
def test_the_same_draws_give_the_same_bytes_and_the_next_ones_others(name, batch):
    generator = draws()
    first, next_one = (AUGMENTATIONS[name](*batch, generator)[0] for _ in range(2))
    assert torch.equal(first, AUGMENTATIONS[name](*batch, draws())[0])
    assert not torch.equal(first, next_one)


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "mixup"])
def test_targets_stay_as_they_are(name, batch):
    assert torch.equal(AUGMENTATIONS[name](*batch, draws())[1], batch[1])


def test_a_shift_moves_whole_images_by_a_few_pixels_in_all_directions(batch):
    images, _ = batch
    places = [(down, right) for down in range(-2, 3) for right in range(-1, 2)]
    used = set()
    for image, changed in zip(images, shift(*batch, draws())[0], strict=True):
        (place,) = [place for place in places if torch.equal(moved(image, *place), changed)]
        used.add(place)
    assert {down for down, _ in used} == {-2, -1, 0, 1, 2}
    assert {right for _, right in used} == {-1, 0, 1}


def test_a_flip_mirrors_about_half_of_the_images(batch):
    images, _ = batch
    changed, _ = flip(*batch, draws())
    is_mirrored = [torch.equal(after, image.flip(2)) for image, after in zip(images, changed, strict=True)]
    is_same = [torch.equal(after, image) for image, after in zip(images, changed, strict=True)]
    assert all(one != other for one, other in zip(is_mirrored, is_same, strict=True))
    assert BATCH // 4 < sum(is_mirrored) < 3 * BATCH // 4


def test_a_crop_is_a_part_of_the_image_made_larger():
    """Pixels that hold their own place show where a crop came from."""
    rows = ((torch.arange(HEIGHT) + 0.5) / HEIGHT).view(1, 1, -1, 1).expand(BATCH, 1, HEIGHT, WIDTH)
    columns = ((torch.arange(WIDTH) + 0.5) / WIDTH).view(1, 1, 1, -1).expand(BATCH, 1, HEIGHT, WIDTH)
    places, _ = AUGMENTATIONS["crop"](torch.cat([rows, columns], 1), torch.zeros(1, BATCH), draws())
    inner = places[:, :, 4:-4, 3:-3]  # away from the border, whose pixels are repeated
    for axis, sides in ((0, HEIGHT), (1, WIDTH)):
        steps = inner[:, axis].diff(dim=1 + axis) * sides
        sizes = steps.mean((1, 2))
        torch.testing.assert_close(steps, sizes.view(-1, 1, 1).expand_as(steps), rtol=0, atol=1e-4)
        assert SMALLEST_CROP - 1e-3 <= sizes.min() < 0.8
        assert 0.95 < sizes.max() <= 1 + 1e-3
    assert places.min() >= 0
    assert places.max() <= 1


def test_mixup_mixes_images_and_targets_in_the_same_shares(batch):
    images, targets = batch
    mixed, shares = mixup(*batch, draws())
    torch.testing.assert_close(shares.sum(0), torch.ones(BATCH))
    for index in range(BATCH):
        partner = (index - 1) % BATCH
        own = torch.linalg.lstsq(
            (images[index] - images[partner]).view(-1, 1), (mixed[index] - images[partner]).view(-1, 1)
        ).solution.item()
        assert -1e-5 <= own <= 1 + 1e-5
        expected = own * targets[:, index] + (1 - own) * targets[:, partner]
        torch.testing.assert_close(shares[:, index], expected, rtol=0, atol=1e-4)


def test_the_shares_of_mixup_have_the_arcsine_distribution():
    n = 100_000
    ones = torch.zeros(n, 1)
    ones[::2] = 1  # every other example is 1, and its partner 0
    mixed, _ = mixup(ones, torch.zeros(1, n), draws())
    shares = mixed[::2, 0]
    assert shares.mean().item() == pytest.approx(0.5, abs=0.01)
    assert shares.var().item() == pytest.approx(1 / 8, abs=0.005)  # of Beta(1/2, 1/2)


def test_noise_has_its_standard_deviation(batch):
    changed, _ = noise(*batch, draws())
    difference = changed - batch[0]
    assert difference.std().item() == pytest.approx(NOISE, rel=0.02)
    assert difference.mean().item() == pytest.approx(0, abs=0.002)


def test_evaluation_sees_the_examples_as_they_are(make_dataset):
    dataset = make_dataset()
    members = [Member(configuration=Configuration(batch_size=20, augmentation=name), seed=1) for name in AUGMENTATIONS]
    expected = PackTraining([Member(configuration=Configuration(batch_size=20), seed=1)], dataset, batch_seed=3)
    for member in members:
        training = PackTraining([member], dataset, batch_seed=3)
        for split in (dataset.train, dataset.validation):
            assert training.evaluate(split) == expected.evaluate(split)


@augmentations
def test_augmentation_draws_do_not_depend_on_dropout_of_pack_mates(name, make_dataset, assert_same_weights):
    one, mate = (
        Member(configuration=Configuration(batch_size=20, augmentation=name, dropout=rate, activation="tanh"), seed=4)
        for rate in (0.0, 0.5)
    )
    alone, both = (PackTraining(each, make_dataset(), batch_seed=3) for each in ([one], [one, mate]))
    for training in (alone, both):
        training.train_epoch()
        training.train_epoch()
    assert_same_weights(alone.unpack(0), both.unpack(0))


def test_unlike_augmentations_are_refused(make_dataset):
    members = [Member(configuration=Configuration(augmentation=name), seed=1) for name in ("shift", "none")]
    with pytest.raises(ValueError, match=r"must have the same augmentation, not \['none', 'shift'\]"):
        PackTraining(members, make_dataset(), batch_seed=1)


def rows():
    generator = torch.Generator().manual_seed(1)
    split = Split(
        inputs=torch.randn(60, 5, generator=generator), labels=torch.randint(10, (60, 1), generator=generator)
    )
    return Dataset(name="rows", train=split, validation=split, test=split, heads=digit_heads("digit"))


@pytest.mark.parametrize("name", GEOMETRIC)
def test_augmentations_of_images_are_refused_for_rows(name):
    member = Member(configuration=Configuration(augmentation=name), seed=1)
    with pytest.raises(ValueError, match=f"the augmentation {name} needs images, and not rows of 5 columns"):
        PackTraining([member], rows(), batch_seed=1)


@pytest.mark.parametrize("name", ["mixup", "noise"])
def test_rows_are_augmented(name):
    given = [Configuration(augmentation=each) for each in (name, "none")]
    networks = []
    for configuration in given:
        training = PackTraining([Member(configuration=configuration, seed=1)], rows(), batch_seed=1)
        training.train_epoch()
        networks.append(training.unpack(0))
    assert not torch.allclose(networks[0][1].weight, networks[1][1].weight)
