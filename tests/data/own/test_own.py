"""Data of the user's own as a data set: prepared from the training examples alone, kept in a folder, read back."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.options import DataOptions
from packtune.data.own.assembling import fingerprint_of, prepare
from packtune.data.own.facts import ARRAYS, FACTS, read_facts, write_facts
from packtune.data.own.form import read_form
from packtune.data.own.keeping import facts_of, read_kept, write_arrays
from packtune.data.reading.objects import from_objects
from packtune.data.reading.raw import PictureForm
from packtune.data.splitting.record import rows_from_csv
from packtune.errors import CorruptFile, MissingFiles


@pytest.fixture(scope="module")
def wine():
    frame = load_wine(as_frame=True).frame
    options = DataOptions(target=("target",))
    return frame, prepare(from_objects(frame, options), options)


@pytest.fixture(scope="module")
def digits():
    scans = load_digits()
    images = np.rint(scans.images * (255 / 16)).astype(np.uint8)
    return images, prepare(from_objects((images, scans.target), DataOptions()), DataOptions())


def kept(prepared, folder):
    (folder / FACTS).write_text(write_facts(facts_of(prepared.own, prepared.dataset)), encoding="utf-8")
    write_arrays(prepared.dataset, folder)
    return folder


def test_columns_are_standardised_by_the_training_rows_alone(wine):
    frame, prepared = wine
    train = prepared.dataset.train.inputs
    assert prepared.dataset.input_shape == (13,)
    assert torch.allclose(train.mean(0), torch.zeros(13), atol=1e-5)
    assert torch.allclose(train.std(0, correction=0), torch.ones(13), atol=1e-5)
    rows = rows_from_csv(prepared.rows)
    values = frame.drop(columns="target").to_numpy()
    mean, deviation = (f(values[rows["train"].rows], axis=0) for f in (np.mean, np.std))
    expected = (values[rows["test"].rows] - mean) / deviation
    assert np.allclose(prepared.dataset.test.inputs.numpy(), expected, atol=1e-4)
    assert np.array_equal(prepared.dataset.test.labels[:, 0], frame["target"].to_numpy()[rows["test"].rows])


def test_channels_are_standardised_by_the_training_images_alone(digits):
    images, prepared = digits
    dataset = prepared.dataset
    pixels = images[rows_from_csv(prepared.rows)["train"].rows].astype(np.float64)
    assert dataset.scaling.factors == pytest.approx((1 / pixels.std(),))
    assert dataset.scaling.offsets == pytest.approx((-pixels.mean() / pixels.std(),))
    assert dataset.train.inputs.dtype is torch.uint8


def test_what_is_kept_is_read_the_same(wine, digits, tmp_path):
    for number, (_, prepared) in enumerate((wine, digits)):
        folder = tmp_path / str(number)
        folder.mkdir()
        read = read_kept(kept(prepared, folder))
        assert read_facts(folder) == facts_of(prepared.own, prepared.dataset)
        assert read.description == prepared.dataset.description == prepared.own.description
        assert (read.scaling, read.preparation) == (prepared.dataset.scaling, prepared.dataset.preparation)
        assert fingerprint_of(read.splits, read.heads) == prepared.own.description.fingerprint
        for name, split in read.splits.items():
            assert torch.equal(split.inputs, prepared.dataset.splits[name].inputs)
            assert torch.equal(split.labels, prepared.dataset.splits[name].labels)


def test_the_fingerprint_tells_every_change(digits):
    dataset = digits[1].dataset
    known = dataset.description.fingerprint
    assert fingerprint_of(dataset.splits, dataset.heads) == known
    inputs = dataset.test.inputs.clone()
    inputs[-1, 0, 0, 0] += 1
    labels = dataset.train.labels.clone()
    labels[0, 0] = (labels[0, 0] + 1) % 10
    changed = [
        ({**dataset.splits, "test": dataclasses.replace(dataset.test, inputs=inputs)}, dataset.heads),
        ({**dataset.splits, "train": dataclasses.replace(dataset.train, labels=labels)}, dataset.heads),
        (dataset.splits, (dataclasses.replace(dataset.heads[0], name="other"),)),
        ({**dataset.splits, "validation": dataset.test, "test": dataset.validation}, dataset.heads),
    ]
    assert len({known, *(fingerprint_of(*each) for each in changed)}) == 5


def test_the_form_of_inputs_can_be_read_back(wine, digits):
    assert isinstance(read_form(digits[1].dataset.preparation), PictureForm)
    columns = read_form(wine[1].dataset.preparation)
    assert isinstance(columns, ColumnPreparation)
    frame, prepared = wine
    rows = rows_from_csv(prepared.rows)["validation"].rows
    again = columns.transform(frame.iloc[rows].drop(columns="target"))
    assert again.tobytes() == prepared.dataset.validation.inputs.numpy().tobytes()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pictures": {}}', '{"pictures": 3}', '{"columns": {"numbers": 1}}'])
def test_a_damaged_form_is_told(text):
    with pytest.raises(CorruptFile, match="the preparation|export the model again"):
        read_form(text)


def test_a_form_of_a_newer_version_is_told():
    with pytest.raises(CorruptFile, match="of an unknown kind 'sound': use a newer packtune"):
        read_form('{"sound": {}}')


def test_examples_that_are_gone_or_damaged_are_told(digits, tmp_path):
    folder = kept(digits[1], tmp_path)
    with pytest.raises(MissingFiles, match="the examples are gone from .*nowhere"):
        read_kept(tmp_path / "nowhere")
    file = folder / ARRAYS / "test-inputs.npy"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CorruptFile, match="the examples in .* are damaged"):
        read_kept(folder)
    file.unlink()
    with pytest.raises(CorruptFile, match="the examples in .* are damaged"):
        read_kept(folder)


def test_arrays_of_objects_are_not_read(digits, tmp_path):
    folder = kept(digits[1], tmp_path)
    np.save(folder / ARRAYS / "test-inputs.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CorruptFile, match="the examples in .* are damaged"):
        read_kept(folder)


def test_damaged_facts_are_told(wine, tmp_path):
    assert read_facts(tmp_path) is None
    text = write_facts(facts_of(wine[1].own, wine[1].dataset))
    values = json.loads(text)
    for broken in (text[:50], "[]", "{}", json.dumps({**values, "own": None}), json.dumps({**values, "scaling": 1})):
        (tmp_path / FACTS).write_text(broken)
        with pytest.raises(CorruptFile, match="cannot read .*data.json .*: restore it from a copy"):
            read_facts(tmp_path)
    (tmp_path / FACTS).write_text(json.dumps({**values, "version": 9}))
    with pytest.raises(CorruptFile, match="of version 9, not 1: use a newer packtune"):
        read_facts(tmp_path)
