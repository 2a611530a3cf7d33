"""PNGs that are written with zlib alone, read back by Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from packtune.data.formats.png import write_png

SIDES = st.integers(1, 9)
SHAPES = st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, st.just(3))


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_a_picture_is_read_back_pixel_by_pixel(pixels):
    image = Image.open(io.BytesIO(write_png(pixels)), formats=("PNG",))
    assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("shape", [(0, 3), (2, 2, 2), (4,)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match="give uint8"):
        write_png(np.zeros(shape, np.uint8))
