import pytest

from packtune.data.files import read_bytes
from packtune.errors import CorruptFile


def test_a_file_is_read_up_to_the_bound(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_bytes(path, max_bytes=5) == b"12345"
    with pytest.raises(CorruptFile, match="x is too large: it has 5 bytes, and at most 4 are allowed"):
        read_bytes(path, max_bytes=4)
