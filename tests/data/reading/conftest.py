"""Real data that come with scikit-learn: its scanned digits, and patches of its two photographs."""

import pytest
from sklearn.datasets import load_digits, load_sample_image

from packtune.data.sets.digits import enlarge

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.fixture(scope="session")
def digits():
    """Give 200 digits: uint8 [200, 28, 28], and int64 [200]."""
    bunch = load_digits()
    return enlarge(bunch.images[:200]), bunch.target[:200]


@pytest.fixture(scope="session")
def photographs():
    """Give two photographs in colour: uint8 [height, width, 3], by name."""
    return {name: load_sample_image(f"{name}.jpg") for name in ("china", "flower")}


@pytest.fixture
def write_pictures(tmp_path):
    """Write arrays as pictures into a folder for each class; give the folder above."""

    def write(images, labels, folder=tmp_path / "pictures", suffix=".png", **options):
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = folder / str(label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number:05}{suffix}", **options)
        return folder

    return write
