"""Folders of IDX files: MNIST and the sets that are named like it."""

import gzip

import numpy as np
import pytest

from packtune.data.formats import idx
from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.errors import CorruptFile, DataError, MissingFiles

OPTIONS = DataOptions()
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)


def put(folder, name, images=IMAGES, labels=LABELS, *, packed=False, dot="-"):
    """Write the two files of a split."""
    folder.mkdir(parents=True, exist_ok=True)
    for what, array in ((f"images{dot}idx3", images), (f"labels{dot}idx1", labels)):
        content = idx.write(array)
        file = folder / f"{name}-{what}-ubyte{'.gz' * packed}"
        file.write_bytes(gzip.compress(content) if packed else content)
    return folder


def labels(raw, split="train"):
    return raw.splits[split].labels["label"].tolist()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dot", ["-", "."])
def test_the_names_of_mnist(tmp_path, packed, dot):
    put(tmp_path / "fashion", "train", packed=packed, dot=dot)
    raw = read(put(tmp_path / "fashion", "t10k", IMAGES[:2], LABELS[:2], packed=packed, dot=dot), OPTIONS)
    assert (raw.name, raw.format) == ("fashion", "a folder of IDX files, images")
    assert np.array_equal(raw.splits["train"].inputs[:, 0], IMAGES)
    assert labels(raw, "test") == [0, 1]


def test_a_plain_file_comes_before_a_gzipped_one(tmp_path):
    put(tmp_path, "train", 255 - IMAGES, packed=True)
    put(tmp_path, "train")
    assert np.array_equal(read(tmp_path, OPTIONS).splits["train"].inputs[:, 0], IMAGES)


def test_torchvision_keeps_the_files_in_a_folder_of_their_own(tmp_path):
    put(tmp_path / "KMNIST" / "raw", "train")
    assert read(tmp_path / "KMNIST", OPTIONS).name == "KMNIST"
    assert read(tmp_path / "KMNIST" / "raw", OPTIONS).name == "KMNIST"


def test_images_of_emnist_are_turned_upright(tmp_path):
    put(tmp_path, "emnist-letters-train", IMAGES.transpose(0, 2, 1).copy(), LABELS + 1, packed=True)
    put(tmp_path, "emnist-letters-test", IMAGES.transpose(0, 2, 1).copy(), LABELS + 1, packed=True)
    raw = read(tmp_path, OPTIONS)
    assert raw.name == "emnist-letters"
    assert np.array_equal(raw.splits["train"].inputs[:, 0], IMAGES)
    assert labels(raw) == [1, 2, 3, 1, 2, 3]
    assert raw.notes == ("The images of EMNIST were turned upright.",)


def test_the_file_of_classes_gives_letters(tmp_path):
    put(tmp_path, "emnist-letters-train", labels=LABELS + 1)
    mapping = tmp_path / "emnist-letters-mapping.txt"
    mapping.write_text("1 65 97\n2 66 98\n3 67 99\n")
    assert labels(read(tmp_path, OPTIONS)) == list("abcabc")
    mapping.write_text("1 65 97\n2 66 98\n")
    with pytest.raises(CorruptFile, match="has the label 3, which the file of classes does not name"):
        read(tmp_path, OPTIONS)
    for wrong in ("1 a\n", "1\n", "1 -5\n", "é"):
        mapping.write_text(wrong)
        with pytest.raises(CorruptFile, match="cannot read the classes"):
            read(tmp_path, OPTIONS)


def test_sixty_two_classes(tmp_path):
    images = np.zeros((124, 4, 4), dtype=np.uint8)
    put(tmp_path, "emnist-byclass-train", images, np.arange(124, dtype=np.uint8) % 62)
    codes = [*range(48, 58), *range(65, 91), *range(97, 123)]
    lines = "".join(f"{number} {code}\n" for number, code in enumerate(codes))
    (tmp_path / "emnist-byclass-mapping.txt").write_text(lines)
    assert "".join(labels(read(tmp_path, OPTIONS))[:62]) == "".join(map(chr, codes))


def test_several_sets_in_a_folder_are_refused(tmp_path):
    for name in ("emnist-letters-train", "emnist-digits-train"):
        put(tmp_path, name)
    with pytest.raises(DataError, match="2 sets of IDX files: emnist-digits, emnist-letters. Put the files of one"):
        read(tmp_path, OPTIONS)


def test_missing_files_are_named(tmp_path):
    put(tmp_path, "t10k")
    with pytest.raises(MissingFiles, match="no IDX files for training"):
        read(tmp_path, OPTIONS)
    put(tmp_path, "train")
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(MissingFiles, match="has train-images-idx3-ubyte, but no file of the labels for it"):
        read(tmp_path, OPTIONS)


def test_wrong_content_is_refused(tmp_path):
    put(tmp_path, "train", labels=LABELS[:3])
    with pytest.raises(DataError, match="6 examples, but 3 labels"):
        read(tmp_path, OPTIONS)
    put(tmp_path, "train", LABELS, IMAGES)
    with pytest.raises(CorruptFile, match="check that they are the right files"):
        read(tmp_path, OPTIONS)


def test_mnist_itself(mnist_dir):
    raw = read(mnist_dir, OPTIONS)
    assert {split: len(each) for split, each in raw.splits.items()} == {"train": 60_000, "test": 10_000}
    assert labels(raw)[:5] == [5, 0, 4, 1, 9]
