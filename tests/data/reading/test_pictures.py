"""Pictures of all kinds in folders of classes, with their colours, and for prediction."""

import os

import numpy as np
import pytest

from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.data.reading.pictures.album import Means, read_album, read_pictures
from packtune.errors import DataError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
OPTIONS = DataOptions()


def patches(photographs, side=16, each=12):
    """Cut both photographs into patches: uint8 [24, side, side, 3], and the name of the photograph of each."""
    cut = [(name, photo[: each * side, :side].reshape(each, side, side, 3)) for name, photo in photographs.items()]
    return np.concatenate([images for _, images in cut]), [name for name, images in cut for _ in images]


def save(folder, **pictures):
    """Save pictures as a.png, ..., and give their paths."""
    folder.mkdir(exist_ok=True)
    for name, image in pictures.items():
        image.save(folder / f"{name}.png")
    return [str(folder / f"{name}.png") for name in pictures]


def album(paths, tmp_path, size=None, **means):
    return read_album(paths, tmp_path, size, Means(**means))


def test_colours_are_kept(photographs, write_pictures):
    images, labels = patches(photographs)
    raw = read(write_pictures(images, labels), OPTIONS)
    assert raw.form.channels == 3
    assert np.array_equal(raw.splits["train"].inputs, images.transpose(0, 3, 1, 2))
    assert raw.splits["train"].labels["label"].tolist() == labels


def test_a_single_picture_in_colour_makes_all_of_them_coloured(tmp_path):
    grey = np.full((4, 5), 100, dtype=np.uint8)
    paths = save(tmp_path / "g", **{f"p{number:03}": Image.fromarray(grey) for number in range(199)})
    paths += save(tmp_path / "c", red=Image.new("RGB", (5, 4), (255, 0, 0)))
    read_in = album(paths, tmp_path)
    assert read_in.images.shape == (200, 3, 4, 5)
    assert (read_in.images[:199] == 100).all()
    assert read_in.images[199, :, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_without_colour_are_grey_in_any_mode(digits, tmp_path, mode):
    black_or_white = (digits[0][0] > 100).astype(np.uint8) * 255
    image = Image.fromarray(black_or_white)
    deep = Image.fromarray(black_or_white.astype(np.uint16) * 257)
    read_in = album(save(tmp_path, x=deep if mode == "I;16" else image.convert(mode)), tmp_path)
    assert read_in.form.channels == 1
    assert np.array_equal(read_in.images[0, 0], black_or_white)


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (60, 255), (200, 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_get_the_ground_of_all(tmp_path, ink, ground, mode):
    drawn = np.zeros((6, 8, 4), dtype=np.uint8)
    drawn[..., :3] = ink
    drawn[2:4, 2:4, 3] = 255
    read_in = album(save(tmp_path, x=Image.fromarray(drawn).convert(mode)), tmp_path)
    expected = np.full((6, 8), ground)
    expected[2:4, 2:4] = ink
    assert np.array_equal(read_in.images[0, 0], expected)
    assert read_in.form.ground == ground
    assert f"1 with transparent pixels are laid on {'white' if ground else 'black'}" in read_in.notes[0]


def test_pictures_of_16_bits_share_one_scale(tmp_path):
    levels = [np.full((2, 2), top, dtype=np.uint16) for top in (4095, 2048, 0)]
    read_in = album(save(tmp_path, **{f"p{n}": Image.fromarray(level) for n, level in enumerate(levels)}), tmp_path)
    assert read_in.images[:, 0, 0, 0].tolist() == [255, 128, 0]
    assert read_in.form.deep_top == 4095
    again = read_pictures([tmp_path / "p1.png"], read_in.form, Means())
    assert again.images[0, 0, 0, 0] == 128


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("size", [None, (12, 8)])
def test_a_photograph_is_turned_as_its_exif_data_say(tmp_path, suffix, size):
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[:20, :, 0] = 250
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees to the right
    Image.fromarray(pixels).save(tmp_path / f"x{suffix}", exif=exif)
    read_in = album([str(tmp_path / f"x{suffix}")], tmp_path, size)
    height, width = size or (60, 40)
    assert read_in.images.shape == (1, 3, height, width)
    red = read_in.images[0, 0].mean(axis=0)
    assert red[: width // 2 - 1].max() < 60 and red[width // 2 + 1 :].min() > 190


def test_the_first_page_of_an_animation_is_read(tmp_path, photographs):
    pages = [Image.fromarray(photo[:20, :30]) for photo in photographs.values()]
    pages[0].save(tmp_path / "x.gif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:])
    read_in = album([str(tmp_path / "x.gif"), str(tmp_path / "x.tif")], tmp_path)
    assert np.abs(read_in.images.astype(int) - np.asarray(pages[0]).transpose(2, 0, 1)).mean() < 12
    assert read_in.notes == ("Of 2 pictures, 2 have more than one page, of which the first is read.",)


def test_pictures_of_several_sizes_are_refused_with_a_size_that_fits(tmp_path):
    sizes = [(300, 200), (300, 200), (400, 200), (30, 20), (31, 20)]
    paths = save(tmp_path, **{f"p{n}": Image.new("L", size) for n, size in enumerate(sizes)})
    message = "2 of 200x300, 1 of 20x30, 1 of 20x31, and 1 sizes more.*--image-size 43x64"
    with pytest.raises(DataError, match=message):
        album(paths, tmp_path)


def test_pictures_are_scaled_to_a_size(tmp_path, photographs):
    photo = Image.fromarray(photographs["china"])
    paths = save(tmp_path, large=photo, small=photo.resize((100, 50)), wide=photo.resize((300, 50)))
    read_in = album(paths, tmp_path, size=(20, 40))
    assert read_in.images.shape == (3, 3, 20, 40)
    assert read_in.form.scales
    expected = np.asarray(photo.resize((40, 20), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    assert np.array_equal(read_in.images[0], expected)
    assert "3 are scaled to 20x40" in read_in.notes[0]
    assert "2 have another aspect than 20x40 and are stretched" in read_in.notes[1]


def test_a_large_jpeg_is_scaled_as_if_it_had_been_decoded_in_full(tmp_path, photographs):
    photo = Image.fromarray(photographs["flower"])
    photo.save(tmp_path / "x.jpg", quality=95)
    read_in = album([str(tmp_path / "x.jpg")], tmp_path, size=(32, 48))
    full = Image.open(tmp_path / "x.jpg").resize((48, 32), Image.Resampling.BILINEAR)
    assert np.abs(read_in.images[0].astype(int) - np.asarray(full).transpose(2, 0, 1)).mean() < 3


def test_what_does_not_fit_into_the_memory_is_refused_before_it_is_read(tmp_path):
    paths = save(tmp_path, **{f"p{n}": Image.new("RGB", (100, 100), (n, 0, 9)) for n in range(10)})
    with pytest.raises(DataError, match="10 pictures in .* 100x100 with 3 channels.* --image-size 50x50 or less"):
        album(paths, tmp_path, memory_bytes=10 * 3 * 50 * 50)
    assert album(paths, tmp_path, memory_bytes=10 * 3 * 100 * 100).images.shape == (10, 3, 100, 100)


@pytest.mark.parametrize("cpus", [2, 3])
def test_helpers_decode_the_same(digits, write_pictures, tmp_path, monkeypatch, cpus):
    monkeypatch.setattr("packtune.data.reading.pictures.crew.PICTURES_A_PROCESS", 1)
    monkeypatch.setattr("packtune.data.reading.pictures.crew.MAX_CHUNK", 7)
    folder = write_pictures(*digits)
    (folder / "0" / "broken.png").write_bytes((folder / "0" / "00000.png").read_bytes()[:60])
    (folder / "0" / os.fsdecode(b"caf\xe9.png")).write_bytes((folder / "0" / "00000.png").read_bytes())
    told = []
    alone = read(folder, OPTIONS, cpus=1)
    together = read(folder, OPTIONS, lambda done, total: told.append((done, total)), cpus=cpus)
    assert np.array_equal(alone.splits["train"].inputs, together.splits["train"].inputs)
    assert alone.splits["train"].names == together.splits["train"].names
    assert "0/caf\\xe9.png" in alone.splits["train"].names
    assert alone.notes == together.notes
    assert told[-1] == (202, 202)


def test_a_lost_helper_costs_nothing_but_time(digits, write_pictures, monkeypatch):
    monkeypatch.setattr("packtune.data.reading.pictures.crew.PICTURES_A_PROCESS", 1)
    monkeypatch.setattr("packtune.data.reading.pictures.helper.COMMAND", ("false",))
    raw = read(write_pictures(*digits), OPTIONS, cpus=2)
    assert raw.splits["train"].inputs.any(axis=(1, 2, 3)).all()
    monkeypatch.setattr("packtune.data.reading.pictures.helper.COMMAND", ("no-such-program",))
    again = read(write_pictures(*digits), OPTIONS, cpus=2)
    assert np.array_equal(raw.splits["train"].inputs, again.splits["train"].inputs)


def test_prediction_reads_as_training_did(photographs, tmp_path):
    photo = Image.fromarray(photographs["china"])
    paths = save(tmp_path, a=photo, b=photo.resize((80, 80)), c=photo.convert("L"))
    trained = album(paths, tmp_path, size=(24, 24))
    (tmp_path / "text.png").write_text("no picture")
    given = [*(tmp_path / f"{name}.png" for name in "abc"), tmp_path / "text.png", tmp_path / "none.png"]
    again = read_pictures(given, trained.form, Means())
    assert np.array_equal(again.images[:3], trained.images)
    assert again.reasons == {3: "is no picture", 4: "cannot be opened (No such file or directory)"}


def test_prediction_names_pictures_of_another_size(tmp_path):
    paths = save(tmp_path, a=Image.new("L", (5, 4)), b=Image.new("L", (7, 4)))
    form = album(paths[:1], tmp_path).form
    again = read_pictures([tmp_path / "a.png", tmp_path / "b.png"], form, Means())
    assert again.images.shape == (2, 1, 4, 5)
    assert again.reasons == {1: "is 4x7, but the model takes 4x5 (height x width)"}


def test_a_decompression_bomb_is_left_out(tmp_path):
    Image.new("1", (2**14, 2**13)).save(tmp_path / "x.png")
    paths = [*save(tmp_path, a=Image.new("L", (5, 4))), str(tmp_path / "x.png")]
    read_in = album(paths, tmp_path)
    assert read_in.kept.tolist() == [True, False]
    assert read_in.unreadable == {paths[1]: "is too large (134,217,728 pixels)"}
