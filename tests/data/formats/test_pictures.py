"""Pictures of all kinds, written by Pillow and read as grey images."""

import numpy as np
import pytest

from packtune.data.formats import pictures
from packtune.errors import CorruptFile

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

DRAWING = np.full((40, 60), 250, dtype=np.uint8)
DRAWING[5:30, 10:20] = 10


def read(path):
    return pictures.read(path).pixels


@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_each_format_is_known_by_its_content_and_read(tmp_path, suffix):
    path = tmp_path / f"drawing{suffix}"
    Image.fromarray(DRAWING).save(path)
    renamed = path.rename(tmp_path / "drawing")
    assert pictures.is_picture(renamed.read_bytes()[: pictures.MAGIC_BYTES])
    assert np.abs(read(renamed).astype(int) - DRAWING).max() <= 30


@pytest.mark.parametrize("start", [b"", b"BM", b"BMI is no picture", b"%PDF-1.7", b"RIFF\0\0\0\0WAVE"])
def test_other_files_are_no_pictures(start):
    assert not pictures.is_picture(start)


@pytest.mark.parametrize("top", [255, 1023, 4095, 65_535])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_pictures_of_16_bits_are_read_at_the_depth_that_they_use(tmp_path, top, suffix):
    deep = np.rint(DRAWING / DRAWING.max() * top).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / f"deep{suffix}")
    expected = np.rint(DRAWING / DRAWING.max() * 255)
    assert np.abs(read(tmp_path / f"deep{suffix}") - expected).max() <= 1


@pytest.mark.parametrize("top", [1, 255, 1e6])
def test_pictures_of_fractions_are_read(tmp_path, top):
    Image.fromarray((DRAWING / 250 * top).astype(np.float32)).save(tmp_path / "x.tif")
    assert np.abs(read(tmp_path / "x.tif") - DRAWING / 250 * 255).max() <= 1


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0), (60, 255), (200, 0)])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_ink_over_transparency_gets_a_ground_that_it_can_be_told_from(tmp_path, ink, ground, suffix):
    drawn = np.zeros((40, 60, 4), dtype=np.uint8)
    drawn[..., :3] = ink
    drawn[5:30, 10:20, 3] = 255
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(drawn).save(tmp_path / f"x{suffix}", **options)
    expected = np.full((40, 60), ground)
    expected[5:30, 10:20] = ink
    assert np.array_equal(read(tmp_path / f"x{suffix}"), expected)


def test_half_transparent_edges_lie_between_ink_and_ground(tmp_path):
    drawn = np.zeros((1, 3, 2), dtype=np.uint8)
    drawn[0, :, 1] = 255, 102, 0
    Image.fromarray(drawn, mode="LA").save(tmp_path / "x.png")
    assert read(tmp_path / "x.png").tolist() == [[0, 153, 255]]


def test_transparent_corners_get_the_ground_of_the_drawing(tmp_path):
    drawn = np.stack([DRAWING, DRAWING, DRAWING, np.full_like(DRAWING, 255)], axis=2)
    drawn[:3, :3] = 0
    Image.fromarray(drawn).save(tmp_path / "x.png")
    assert np.array_equal(read(tmp_path / "x.png"), DRAWING)


def test_a_picture_of_which_nothing_is_visible_is_black(tmp_path):
    Image.new("RGBA", (5, 4), (9, 9, 9, 0)).save(tmp_path / "x.png")
    assert not read(tmp_path / "x.png").any()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_a_photograph_is_turned_as_its_exif_data_say(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees to the right
    Image.fromarray(DRAWING).convert("RGB").save(tmp_path / f"x{suffix}", exif=exif)
    turned = read(tmp_path / f"x{suffix}")
    assert turned.shape == (60, 40)
    assert np.abs(turned.astype(int) - np.rot90(DRAWING, -1)).mean() < 5


def test_a_picture_in_cmyk_is_read(tmp_path):
    Image.fromarray(DRAWING).convert("RGB").convert("CMYK").save(tmp_path / "x.jpg")
    assert np.abs(read(tmp_path / "x.jpg").astype(int) - DRAWING).mean() < 5


def test_pages_are_counted(tmp_path):
    pages = [Image.fromarray(DRAWING), Image.fromarray(255 - DRAWING)]
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:])
    picture = pictures.read(tmp_path / "x.tif")
    assert (picture.pages, picture.pixels[0, 0]) == (2, 250)


def test_a_large_photograph_is_reduced(tmp_path):
    Image.fromarray(DRAWING).resize((6000, 4000), Image.Resampling.NEAREST).save(tmp_path / "x.png")
    reduced = read(tmp_path / "x.png")
    assert max(reduced.shape) <= pictures.MAX_SIDE
    assert (reduced.min(), reduced.max()) == (10, 250)


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path):
    Image.new("1", (2**14, 2**13)).save(tmp_path / "x.png")
    with pytest.raises(CorruptFile, match="is too large .*134,217,728 pixels"):
        read(tmp_path / "x.png")
