import gzip
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from packtune.data.formats import idx
from packtune.data.sets import mnist
from packtune.errors import CorruptFile, DownloadFailed, MissingFiles


@pytest.fixture(scope="module")
def dataset(mnist_dir):
    return mnist.load(mnist_dir)


def link_files(mnist_dir, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for file in mnist.FILES:
        os.symlink(mnist_dir / f"{file.name}.gz", folder / f"{file.name}.gz")


def test_the_splits_have_the_references_sizes(dataset):
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (54_000, 6_000, 10_000)
    assert (dataset.name, dataset.input_shape, dataset.description.head_names) == ("mnist", (1, 28, 28), ("digit",))


def test_the_files_order_is_kept(dataset, mnist_dir):
    labels = idx.read(mnist_dir / "train-labels-idx1-ubyte.gz")
    assert dataset.train.labels[:5, 0].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.labels[:5, 0].tolist() == [7, 2, 1, 0, 4]
    assert np.array_equal(torch.cat([dataset.train.labels, dataset.validation.labels])[:, 0], labels)


def test_the_images_are_those_of_the_files(dataset, mnist_dir):
    images = idx.read(mnist_dir / "train-images-idx3-ubyte.gz")
    assert np.array_equal(dataset.train.inputs[-1, 0], images[53_999])
    assert np.array_equal(dataset.validation.inputs[0, 0], images[54_000])
    assert np.array_equal(dataset.test.inputs[:, 0], idx.read(mnist_dir / "t10k-images-idx3-ubyte.gz"))


def test_check_sum_accepts_the_originals(mnist_dir):
    for file in mnist.FILES:
        path = mnist_dir / f"{file.name}.gz"
        mnist.check_sum(idx.decompress(path.read_bytes(), "x"), file, source="x")


def test_plain_files_and_dotted_names_are_accepted(dataset, mnist_dir, tmp_path):
    link_files(mnist_dir, tmp_path)
    dotted = tmp_path / "t10k-images.idx3-ubyte"
    dotted.write_bytes(gzip.decompress((mnist_dir / "t10k-images-idx3-ubyte.gz").read_bytes()))
    (tmp_path / "t10k-images-idx3-ubyte.gz").unlink()
    (tmp_path / "t10k-labels-idx1-ubyte.gz").rename(tmp_path / "t10k-labels.idx1-ubyte.gz")
    assert torch.equal(mnist.load(tmp_path).test.inputs, dataset.test.inputs)


def test_missing_files_are_named(mnist_dir, tmp_path):
    link_files(mnist_dir, tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(MissingFiles, match="has no t10k-labels-idx1-ubyte.*leave out --data-dir"):
        mnist.load(tmp_path)


def test_a_folder_that_is_not_there_is_said_to_be_none(tmp_path):
    with pytest.raises(MissingFiles, match="nowhere is no folder, so there is no train-images-idx3-ubyte, train"):
        mnist.load(tmp_path / "nowhere")


def test_a_file_that_is_not_the_original_is_refused(mnist_dir, tmp_path):
    link_files(mnist_dir, tmp_path)
    changed = tmp_path / "train-images-idx3-ubyte"
    changed.write_bytes(idx.write(np.zeros((60_000, 2, 2), dtype=np.uint8)))
    given = hashlib.sha256(changed.read_bytes()).hexdigest()
    with pytest.raises(
        CorruptFile, match=f"{changed.name} is not the original file .*{given}, .* ba891046.*give their folder with"
    ) as caught:
        mnist.load(tmp_path)
    assert "delete" not in str(caught.value)  # the file is the user's own


def test_the_cache_follows_the_xdg_specification(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert mnist.cache_dir() == tmp_path / "cache" / "packtune" / "mnist"
    monkeypatch.setenv("HOME", str(tmp_path))
    for ignored in ("relative", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert mnist.cache_dir() == tmp_path / ".cache" / "packtune" / "mnist"


def test_a_user_without_a_home_folder_is_told_what_to_give(tmp_path):
    # Nobody's name is listed for this user id, as in a container that runs under an id of its own.
    if os.getuid() != 0:
        pytest.skip("only root may become another user")
    code = "import os; from packtune.data.sets import mnist; os.setuid(12345); mnist.load(None)"
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert "MissingFiles: there is no folder to keep MNIST in" in done.stderr
    assert "--data-dir" in done.stderr


def test_only_missing_files_are_downloaded_and_then_kept(dataset, mnist_dir, tmp_path, monkeypatch, make_mirror):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    link_files(mnist_dir, mnist.cache_dir())
    reports = []
    mirror = make_mirror()
    for file in (mnist.TEST_IMAGES, mnist.TEST_LABELS):
        name = f"{file.name}.gz"
        (mnist.cache_dir() / name).unlink()
        mirror.files[name] = (mnist_dir / name).read_bytes()
    loaded = mnist.load(None, progress=lambda *report: reports.append(report), mirrors=[mirror.url])
    assert torch.equal(loaded.test.inputs, dataset.test.inputs)
    assert len(mirror.requested_ranges) == 2
    assert reports[-1] == ("t10k-labels-idx1-ubyte.gz", 4_517, 4_517)
    assert torch.equal(mnist.load(None, mirrors=[]).test.inputs, dataset.test.inputs)


def test_a_mirror_with_other_files_is_refused(tmp_path, monkeypatch, make_mirror):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    mirror = make_mirror(files={"train-images-idx3-ubyte.gz": gzip.compress(b"another file")})
    with pytest.raises(DownloadFailed, match="sent the wrong content: the download is not the original file of MNIST"):
        mnist.load(None, mirrors=[mirror.url])
    assert not any(mnist.cache_dir().iterdir())


def test_a_corrupt_file_in_the_cache_is_mended_by_deleting_it(mnist_dir, tmp_path, monkeypatch, make_mirror):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    link_files(mnist_dir, mnist.cache_dir())
    name = "t10k-labels-idx1-ubyte.gz"
    cached = mnist.cache_dir() / name
    cached.unlink()
    cached.write_bytes((mnist_dir / name).read_bytes()[:-100])
    with pytest.raises(CorruptFile, match=r"gzip file .* is cut.* It was downloaded before: delete it and"):
        mnist.load(None)
    cached.unlink()
    mirror = make_mirror(files={name: (mnist_dir / name).read_bytes()})
    assert len(mnist.load(None, mirrors=[mirror.url]).test) == 10_000
