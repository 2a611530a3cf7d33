"""What a path is, is found out from its content, and what is refused says what to do."""

import gzip
import os

import numpy as np
import pytest

from packtune.data.formats import idx
from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.errors import CorruptFile, MissingFiles

OPTIONS = DataOptions(target=("kind",))
TABLE = "width,kind\n1,a\n2,b\n"


def test_an_archive_is_known_by_its_content(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.zeros((4, 2, 2), dtype=np.uint8), labels=[0, 1, 0, 1])
    assert len(read((tmp_path / "x.npz").rename(tmp_path / "x.csv"), DataOptions()).splits["train"]) == 4


@pytest.mark.parametrize("name", ["x.csv", "x.CSV", "x", "x.dat", "x.csv.gz"])
def test_text_is_a_table(tmp_path, name):
    content = gzip.compress(TABLE.encode()) if name.endswith("gz") else TABLE.encode()
    (tmp_path / name).write_bytes(content)
    assert len(read(tmp_path / name, OPTIONS).splits["train"]) == 2


def test_a_path_that_is_not_there_gets_the_nearest_name(tmp_path):
    (tmp_path / "flowers").mkdir()
    with pytest.raises(MissingFiles, match="there is no .*flowes: did you mean .*flowers"):
        read(tmp_path / "flowes", OPTIONS)
    with pytest.raises(MissingFiles, match="there is no .*birds: check the path"):
        read(tmp_path / "birds", OPTIONS)
    with pytest.raises(MissingFiles, match="nor a folder .*none that can be read"):
        read(tmp_path / "none" / "x", OPTIONS)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x", b"", "has no known format: it begins with nothing"),
        ("x.bin", b"\x7fELF\0\0", "begins with 7f 45 4c 46 00 00. Allowed are"),
        ("x.png", b"\x89PNG\r\n\x1a\n\0\0", "is a single picture: give the folder"),
        ("x.csv", b"\x89PNG\r\n\x1a\n\0\0", "is a single picture"),
        ("x", idx.write(np.zeros(3, dtype=np.uint8)), "is a single IDX file: give the folder"),
        ("x.gz", gzip.compress(idx.write(np.zeros(3, dtype=np.uint8))), "is a single IDX file"),
        ("x.npy", b"\x93NUMPY\x01\0", "a single array without labels: save both with numpy.savez"),
        ("x.pdf", b"%PDF-1.7 text", "has no known format"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorruptFile, match=message):
        read(tmp_path / name, OPTIONS)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MissingFiles, match="pipe is neither a file nor a folder"):
        read(tmp_path / "pipe", OPTIONS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "x.npz").chmod(0)
    with pytest.raises(MissingFiles, match="Permission denied: check its permissions"):
        read(tmp_path / "x.npz", OPTIONS)
