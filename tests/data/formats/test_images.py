import gzip
import io
import os
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packtune.data.formats import idx
from packtune.data.formats.images import ImageBatch, read_images
from packtune.errors import CorruptFile, DataError, MissingFiles

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def save_npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def save_png(path, array=IMAGES[0], mode=None):
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)
    return path


def npz_bytes(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def png_bytes():
    stream = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(stream, format="PNG")
    return stream.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("images", [IMAGES, np.asfortranarray(IMAGES)])
def test_npz(tmp_path, save, images):
    save(tmp_path / "x.npz", images=images, others=np.zeros(3))
    batch = read_images(tmp_path / "x.npz")
    assert np.array_equal(batch.images, IMAGES)
    assert batch.images.flags.c_contiguous
    assert batch.images.flags.writeable
    assert batch.names == ("0", "1")
    assert len(batch) == 2


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["images-idx3-ubyte", "x.gz", "x.png"])
def test_idx_is_known_by_its_content_not_its_name(tmp_path, pack, name):
    (tmp_path / name).write_bytes(pack(idx.write(IMAGES)))
    batch = read_images(tmp_path / name)
    assert np.array_equal(batch.images, IMAGES)
    assert batch.names == ("0", "1")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_one_png_becomes_grey(tmp_path, mode):
    batch = read_images(save_png(tmp_path / "seven.png", mode=mode))
    assert np.array_equal(batch.images, IMAGES[:1])
    assert batch.names == ("seven.png",)


def test_a_png_of_black_and_white_and_one_with_an_opaque_palette(tmp_path):
    white = np.full((3, 4), 255, dtype=np.uint8)
    assert np.array_equal(read_images(save_png(tmp_path / "bw.png", white, "1")).images[0], white)
    palette = Image.fromarray(IMAGES[0]).convert("P")
    palette.save(tmp_path / "p.png", transparency=bytes([255] * 256))
    assert np.array_equal(read_images(tmp_path / "p.png").images[0], IMAGES[0])


def test_a_folder_of_png_is_read_in_the_order_of_names(tmp_path):
    save_png(tmp_path / "b.PNG", IMAGES[1])
    save_png(tmp_path / "a.png", IMAGES[0])
    (tmp_path / "notes.txt").write_text("not an image")
    batch = read_images(tmp_path)
    assert np.array_equal(batch.images, IMAGES)
    assert batch.names == ("a.png", "b.PNG")


def test_a_folder_tells_what_it_leaves_out_and_passes_over_hidden_files(tmp_path):
    save_png(tmp_path / "a.png")
    save_png(tmp_path / "b.jpg")
    (tmp_path / "d.png").mkdir()
    (tmp_path / "._a.png").write_bytes(b"\0\5\x16\7 what macOS writes beside a file")
    np.savez(tmp_path / "more.npz", images=IMAGES)
    (tmp_path / "BM.txt").write_text("BM is how a BMP begins, too")
    batch = read_images(tmp_path)
    assert batch.names == ("a.png", "b.jpg")
    assert batch.left_out == ("BM.txt", "d.png", "more.npz")


def test_a_folder_of_two_sizes_keeps_both(tmp_path):
    save_png(tmp_path / "a.png")
    save_png(tmp_path / "b.png", IMAGES[0].T.copy())
    assert [image.shape for image in read_images(tmp_path).images] == [(3, 4), (4, 3)]


def test_a_damaged_picture_in_a_folder_is_named(tmp_path):
    save_png(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(png_bytes()[:40])
    with pytest.raises(CorruptFile, match=r"the picture .*b\.png is damaged"):
        read_images(tmp_path)


def test_a_name_that_is_not_utf_8_is_shown_with_escapes(tmp_path):
    save_png(tmp_path / os.fsdecode(b"caf\xe9.png"))
    assert read_images(tmp_path).names == ("caf\\xe9.png",)


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(MissingFiles, match="has no picture"):
        read_images(tmp_path)


def test_a_path_where_nothing_is(tmp_path):
    with pytest.raises(MissingFiles, match="nowhere.npz: No such file.* a folder of pictures"):
        read_images(tmp_path / "nowhere.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": IMAGES, "y": IMAGES}, "has no array 'images', but x, y"),
        ({}, "has no array 'images', but nothing"),
        ({"images": IMAGES.astype(np.float32)}, r"wrong array \(float32 \[2, 3, 4\]\)"),
        ({"images": IMAGES[0]}, r"wrong array \(uint8 \[3, 4\]\)"),
        ({"images": IMAGES[:0]}, r"wrong array \(uint8 \[0, 3, 4\]\)"),
        ({"images": np.array([None])}, r"wrong array \(object \[1\]\)"),
    ],
)
def test_an_npz_without_usable_images_is_refused(tmp_path, arrays, message):
    with pytest.raises(CorruptFile, match=message) as caught:
        read_images(save_npz(tmp_path / "x.npz", **arrays))
    assert "an array 'images' of uint8 [n, height, width]" in str(caught.value)


def test_an_npz_is_not_believed_what_its_header_claims(tmp_path):
    stream = io.BytesIO()
    claim = {"descr": "|u1", "fortran_order": False, "shape": (2**20, 2**20, 2**20)}
    np.lib.format.write_array_header_1_0(stream, claim)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("images.npy", stream.getvalue())
    with pytest.raises(CorruptFile, match="the array images has 0 bytes, and its shape needs"):
        read_images(tmp_path / "x.npz")


def npy_bytes(header):
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (f"(0x{'f' * 5000}, 1, 1)", r"is damaged .*Exceeds the limit \(4300 digits\)"),
        (f"({2**63}, {2**63}, 1)", "the array images has 0 bytes, and its shape needs"),
        ("(True, True, True)", "the array images has 0 bytes, and its shape needs"),
    ],
)
def test_an_npz_with_an_odd_shape_is_refused(tmp_path, shape, message):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("images.npy", npy_bytes(header))
    with pytest.raises(CorruptFile, match=message):
        read_images(tmp_path / "x.npz")


def test_an_npz_is_not_believed_what_its_directory_claims(tmp_path):
    content = bytearray(npz_bytes(images=IMAGES))
    place = content.index(b"PK\x01\x02") + 20
    content[place : place + 4] = (2**31 - 1).to_bytes(4, "little")
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(CorruptFile, match="an entry is larger than the archive"):
        read_images(tmp_path / "x.npz")


def test_an_npz_cannot_steer_or_fill_the_terminal_with_its_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        for number in range(1000):
            archive.writestr(f"\x1b[31m{number}.npy", b"")
    with pytest.raises(CorruptFile, match=r"has no array 'images', but \\x1b\[31m0, \\x1b\[31m1, ") as caught:
        read_images(tmp_path / "x.npz")
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_file_of_labels_is_refused(tmp_path):
    (tmp_path / "labels").write_bytes(idx.write(np.arange(5, dtype=np.uint8)))
    with pytest.raises(CorruptFile, match=r"shape \[5\], but images need.*not the file of the labels"):
        read_images(tmp_path / "labels")


@pytest.mark.parametrize(("content", "given"), [(b"", "nothing"), (b"%PDF-1.7\n", "25 50 44 46 2d 31 2e 37")])
def test_other_files_are_refused(tmp_path, content, given):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(
        CorruptFile, match=f"x.npz has no known image format: it begins with {given}. Allowed: an .npz archive"
    ):
        read_images(tmp_path / "x.npz")


def test_without_pillow_the_message_says_what_to_do(tmp_path, monkeypatch):
    path = save_png(tmp_path / "x.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match="install pillow, or save the images as .npz"):
        read_images(path)


@pytest.mark.parametrize("content", [npz_bytes(images=IMAGES), png_bytes(), gzip.compress(idx.write(IMAGES))])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_called_corrupt(tmp_path, content, data):
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(damaged[: data.draw(st.sampled_from([len(damaged), len(damaged) // 2]))])
    try:
        assert read_images(path).images.dtype == np.uint8
    except CorruptFile as error:
        assert str(path) in str(error)


@pytest.mark.parametrize(
    ("images", "names"),
    [(IMAGES, ("a",)), (IMAGES[0], ("a", "b", "c")), (IMAGES[:0], ()), (IMAGES / 2, ("a", "b"))],
)
def test_a_batch_is_checked_when_made(images, names):
    with pytest.raises(ValueError, match="the images are .* names, but must be uint8"):
        ImageBatch(images=images, names=names)
