import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from packtune.data.formats import idx
from packtune.errors import CorruptFile, MissingFiles

ARRAYS = arrays.arrays(dtype=np.uint8, shape=arrays.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=4))
ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def header(*shape: int, magic: bytes = b"\x00\x00\x08") -> bytes:
    return magic + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


@settings(deadline=None)
@given(ARRAYS, st.booleans())
def test_what_is_written_is_parsed_the_same(array, packed):
    content = idx.write(array)
    parsed = idx.parse(gzip.compress(content, mtime=0) if packed else content, source="x")
    assert parsed.dtype == np.uint8
    assert np.array_equal(parsed, array)
    assert parsed.flags.writeable


@settings(deadline=None)
@given(ARRAYS, st.booleans(), st.data())
def test_a_damaged_file_is_parsed_or_called_corrupt(array, packed, data):
    content = bytearray(idx.write(array))
    if packed:
        content = bytearray(gzip.compress(content, mtime=0))
    position = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["change", "cut", "insert", "append"])):
        case "change":
            content[position] = data.draw(st.integers(0, 255))
        case "cut":
            del content[position:]
        case "insert":
            content[position:position] = data.draw(st.binary(min_size=1, max_size=9))
        case "append":
            content += data.draw(st.binary(min_size=1, max_size=9))
    check_outcome(bytes(content))


@settings(deadline=None)
@given(st.sampled_from([b"", b"\x00\x00\x08", b"\x00\x00\x08\x03", idx.GZIP_MAGIC]), st.binary(max_size=60))
def test_random_bytes_are_parsed_or_called_corrupt(start, rest):
    check_outcome(start + rest)


def check_outcome(content: bytes) -> None:
    try:
        assert idx.parse(content, source="some file").dtype == np.uint8
    except CorruptFile as error:
        assert "some file" in str(error)
        assert any(advice in str(error) for advice in ("get the original", "check that it is", "convert it"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x is no IDX file: it begins with nothing"),
        (b"\x89PNG1234", "begins with 89 50 4e 47"),
        (header(2, magic=b"\x00\x00\x0d"), r"type float32 \(0x0d\), but only uint8 \(0x08\) is allowed"),
        (header(2, magic=b"\x00\x00\x01"), r"unknown type \(0x01\)"),
        (header(), "x has 0 dimensions, but 1 to 32 are allowed"),
        (b"\x00\x00\x08\xff", "has 255 dimensions"),
        (header(2, 3)[:-1], "x is cut in its header: it has 11 bytes, but needs at least 12"),
        (idx.write(ARRAY)[:-1], r"x is cut: it has 23 bytes of values, and its shape \[2, 3, 4\] needs 24"),
        (idx.write(ARRAY) + b"!", "x has bytes after its end: it has 25 bytes of values, and its shape .* needs 24"),
        (header(2**32 - 1, 2**32 - 1, 2**32 - 1), "x is cut: it has 0 bytes of values, .* needs 79,228,162"),
        (header(0, 2**32 - 1, 2**32 - 1, 2**32 - 1), "is too large"),
        (gzip.compress(idx.write(ARRAY))[:-9], "gzip file x is cut: it ends after"),
        (
            gzip.compress(idx.write(ARRAY)) + b"junk",
            "gzip file x is damaged .*get the original file again",
        ),
        (b"\x1f\x8b\x08\x00" + bytes(6) + b"\xff" * 20, "gzip file x is damaged"),
    ],
)
def test_the_message_says_what_is_wrong(content, message):
    with pytest.raises(CorruptFile, match=message):
        idx.parse(content, source="x")


def test_a_small_gzip_file_cannot_fill_the_memory():
    bomb = gzip.compress(bytes(8_000_000))
    assert len(bomb) < 10_000
    with pytest.raises(CorruptFile, match="x is too large: it unpacks to more than 1,000,000 bytes"):
        idx.decompress(bomb, "x", max_bytes=1_000_000)


def test_decompress_leaves_plain_content_as_it_is_and_joins_members():
    assert idx.decompress(b"plain", "x") == b"plain"
    assert idx.decompress(gzip.compress(b"two ") + gzip.compress(b"members"), "x") == b"two members"


@pytest.mark.parametrize("array", [ARRAY.astype(np.int64), np.uint8(3).reshape(())])
def test_write_refuses_what_the_format_or_the_reader_cannot_hold(array):
    with pytest.raises(ValueError, match="cannot write .* as IDX"):
        idx.write(array)


def test_read_takes_plain_and_gzipped_files_of_any_name(tmp_path):
    for name, content in {"a": idx.write(ARRAY), "b.bin": gzip.compress(idx.write(ARRAY))}.items():
        (tmp_path / name).write_bytes(content)
        assert np.array_equal(idx.read(tmp_path / name), ARRAY)


def test_read_says_when_a_file_is_missing_or_a_folder(tmp_path):
    with pytest.raises(MissingFiles, match="cannot read .*nothing-here: No such file"):
        idx.read(tmp_path / "nothing-here")
    with pytest.raises(MissingFiles, match="cannot read"):
        idx.read(tmp_path)
