"""Images of other conventions become like those of a data set, and those that are like them stay as they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from packtune.data import catalog
from packtune.data.preparation.batch import leave, prepare
from packtune.data.preparation.contrast import contrast_of
from packtune.data.preparation.framing import Centring, Framing
from packtune.data.preparation.levels import find_top
from packtune.data.preparation.placing import place, resample

SIZE = {"height": 28, "width": 28}


@pytest.fixture(scope="module", params=["digits", "digits-overlap", "mnist"])
def images(request):
    entry = catalog.find(request.param)
    folder = request.getfixturevalue("mnist_dir") if entry.needs_files else None
    return request.param, catalog.load(request.param, folder).test.inputs[:, 0].numpy()


def prepared(images, name="digits"):
    entry = catalog.find(name)
    _, height, width = entry.description.input_shape
    return prepare(images, height=height, width=width, framing=entry.framing)


def test_the_images_of_a_data_set_stay_byte_for_byte(images):
    name, given = images
    found = prepared(given, name)
    assert np.array_equal(found.images, given)
    assert found.summary == ""
    assert not any(found.notes)
    assert found.has_label.all()


def test_each_image_is_inverted_where_it_is_dark_on_light(images):
    name, given = images
    mixed = given.copy()
    mixed[::3] = 255 - mixed[::3]
    found = prepared(mixed, name)
    assert np.array_equal(found.images, given)
    assert found.summary == f"Of {len(given):,} images: {len(given[::3]):,} inverted, as dark on light."


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.int64])
def test_pixels_from_0_to_16_and_from_0_to_1_are_stretched(kind):
    given = catalog.load("digits").test.inputs[:, 0].numpy()
    levels = np.rint(given / 255 * 16).astype(kind)
    found = prepared(levels)
    assert np.array_equal(found.images, given)
    assert "pixels from 0 to 16 taken as 0 to 255" in found.summary
    black_and_white = (given > 127).astype(kind)
    assert np.array_equal(prepared(black_and_white).images, black_and_white.astype(np.uint8) * 255)


def test_fractions_from_0_to_1_are_stretched():
    given = catalog.load("digits").test.inputs[:, 0].numpy()
    assert np.array_equal(prepared(given / 255).images, given)


@pytest.mark.parametrize(
    ("largest", "top"),
    [
        (0, 255),
        (0.4, 1),
        (1, 1),
        (2, 255),
        (7, 255),
        (8, 16),
        (16, 16),
        (17, 255),
        (255, 255),
        (256, 1023),
        (5e4, 65535),
    ],
)
def test_the_level_of_full_brightness_is_known_by_the_largest_pixel(largest, top):
    assert find_top(largest) == top


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.full((1, 4, 4), -0.4), r"pixels from -0.4 to -0.4, but pixels are 0 or more: .*normalized"),
        (np.full((1, 4, 4), np.nan), "not finite"),
        (np.full((1, 4, 4), 1j), "the images are complex128"),
        (np.full((1, 4, 4), 1e6), "pixels of 1e.06, but 65,535 is the most"),
        (np.zeros((0, 4, 4)), "there are no images"),
        (np.zeros((4, 4)), r"an image is \[4\], but must be \[height, width\]"),
        (np.zeros((1, 1, 4, 4)), r"an image is \[1, 4, 4\]"),
    ],
)
def test_what_holds_no_pixels_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        prepared(images)


def test_blank_and_dim_images_are_named():
    (digit,) = catalog.load("digits").test.inputs[:1, 0].numpy()
    noise = 200 + np.random.default_rng(0).integers(0, 8, (28, 28))
    given = [digit, np.zeros_like(digit), digit * 0 + 255, noise.astype(np.uint8), 100 + digit // 6]
    found = prepared(given)
    assert found.has_label.tolist() == [True, False, False, False, True]
    assert found.notes[:3] == ("", "blank: all pixels are 0", "blank: all pixels are 255")
    assert found.notes[3].startswith("blank: contrast ")
    assert found.notes[4].startswith("dim: contrast 4")
    assert found.summary.startswith("Of 5 images: 1 stretched to full contrast; 1 dim, with a doubtful label; 3 blank")
    assert np.abs(found.images[4].astype(int) - digit).max() <= 6


def test_unprepared_images_keep_their_bytes_and_are_named():
    (digit,) = catalog.load("digits").test.inputs[:1, 0].numpy()
    given = np.stack([digit, 255 - digit, digit * 0])
    found = leave(given, **SIZE)
    assert np.array_equal(found.images, given)
    assert found.has_label.all()
    assert found.notes == ("", "dark on light", "blank: all pixels are 0")
    assert found.summary.startswith("Not prepared: 2 of 3 images are blank, dim or dark on light")
    assert leave(given[:1], **SIZE).summary == ""


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 5, 6), np.uint8), "the images are 5 x 6, but the model was trained on 28 x 28"),
        (np.zeros((2, 28, 28), np.float32), "the images are float32, but must be uint8"),
    ],
)
def test_unprepared_images_must_fit(images, message):
    with pytest.raises(ValueError, match=message):
        leave(images, **SIZE)


def test_the_ground_is_what_the_border_has():
    ring = np.zeros((28, 28), np.uint8)
    ring[2:26, 2:26] = 255  # most of the image is ink
    for image, dark_ink in ((ring, False), (255 - ring, True)):
        assert contrast_of(image).is_dark_on_light is dark_ink


def test_ink_is_placed_as_in_mnist():
    image = np.zeros((200, 200), np.uint8)
    image[30:110, 150:174] = 255
    found = place(image, 28, 28, Framing())
    rows, columns = (np.flatnonzero(found.max(axis) > 127) for axis in (1, 0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (4, 23, 11, 16)  # 20 rows, in the middle


def test_the_centre_of_mass_comes_to_the_middle():
    image = np.zeros((300, 200), np.uint8)
    image[100:200, 50:80] = 255
    image[100:130, 50:150] = 255
    found = place(image, 28, 28, Framing()).astype(float)
    at = np.arange(28) + 0.5
    assert found.sum(1) @ at / found.sum() == pytest.approx(14, abs=0.2)
    assert found.sum(0) @ at / found.sum() == pytest.approx(14, abs=0.2)
    boxed = place(image, 28, 28, Framing(centring=Centring.BOX))
    assert [np.flatnonzero(boxed.max(axis) > 127)[[0, -1]].tolist() for axis in (1, 0)] == [[4, 23], [4, 23]]


def test_a_scan_of_scikit_learn_becomes_the_image_of_the_data_set():
    images = catalog.load("digits").test.inputs[:, 0].numpy()
    scans = np.rint(images[:, 2:26:3, 2:26:3] / 255 * 16)
    assert np.array_equal(prepared(scans).images, images)


def test_a_speck_of_dust_moves_nothing():
    image = np.zeros((300, 300), np.uint8)
    image[100:200, 120:160] = 255
    dusty = image.copy()
    dusty[5, 290] = 255
    assert np.array_equal(place(dusty, 28, 28, Framing()), place(image, 28, 28, Framing()))


@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90)), elements=st.integers(0, 255)),
    st.sampled_from(sorted(catalog.DATASETS)),
)
def test_any_image_becomes_one_of_the_right_size(image, name):
    entry = catalog.find(name)
    found = prepared([image], name)
    assert found.images.shape == entry.description.input_shape
    assert found.images.dtype == np.uint8


@pytest.mark.parametrize("shape", [(3, 5), (40, 7), (8, 8)])
def test_resampling_keeps_what_is_even_and_the_mean(shape):
    assert np.allclose(resample(np.full((8, 8), 7.0), *shape), 7)
    half = np.zeros((24, 24))
    half[:12] = 1
    assert resample(half, *shape).mean() == pytest.approx(0.5, abs=1e-6)
