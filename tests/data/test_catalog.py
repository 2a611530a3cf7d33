import pytest
import torch

from packtune.data import catalog
from packtune.errors import UnknownDataset


@pytest.fixture(scope="module", params=catalog.DATASETS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def entry(name):
    return catalog.DATASETS[name]


@pytest.fixture(scope="module")
def data_dir(entry, request):
    return request.getfixturevalue("mnist_dir") if entry.needs_files else None


@pytest.fixture(scope="module")
def dataset(name, data_dir):
    return catalog.load(name, data_dir)


def test_it_is_what_its_entry_says(name, entry, dataset):
    assert dataset.name == name
    assert dataset.description == entry.description
    assert "\n" not in entry.summary


def test_every_class_occurs_in_every_head_of_every_split(dataset):
    for split in dataset.splits.values():
        for head in range(len(dataset.heads)):
            assert split.labels[:, head].unique().tolist() == list(range(dataset.classes))


def test_the_images_are_bright_digits_on_black(dataset):
    for split in dataset.splits.values():
        assert split.inputs.max() == 255
        assert split.inputs.flatten()[:10_000_000].eq(0).float().mean() > 0.4
        assert split.inputs.amax(dim=(1, 2, 3)).min() > 0


def test_two_loads_are_equal(name, data_dir, dataset):
    again = catalog.load(name, data_dir)
    for split_name, split in dataset.splits.items():
        assert torch.equal(split.inputs, again.splits[split_name].inputs)
        assert torch.equal(split.labels, again.splits[split_name].labels)


def test_a_folder_is_ignored_where_no_files_are_read(tmp_path):
    assert len(catalog.load("digits", tmp_path / "nowhere").train) == 1_257


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("minst", "mnist"),
        ("MNIST", "mnist"),
        ("digit", "digits"),
        ("mnist_overlap", "mnist-overlap"),
    ],
)
def test_a_misspelt_name_gets_the_nearest_and_all_allowed(given, nearest):
    with pytest.raises(UnknownDataset, match=f"Did you mean '{nearest}") as caught:
        catalog.load(given)
    assert repr(given) in str(caught.value)
    for name in catalog.DATASETS:
        assert name in str(caught.value)
