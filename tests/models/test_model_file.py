"""The model file: what is written is read the same, and what is not such a file is refused before it does harm."""

from __future__ import annotations

import dataclasses
import io
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch

from packtune.data.description import Head
from packtune.errors import ModelFileError
from packtune.models.architectures.build import build_network
from packtune.models.architectures.catalog import ARCHITECTURES
from packtune.models.configuration import Configuration
from packtune.models.model_file import TrainedModel, model_from_bytes, model_to_bytes

HEADS = tuple(Head(name=name, classes=("a", "b", "c")) for name in ("upper", "lower"))


def make_model(architecture="mlp"):
    configuration = Configuration(architecture=architecture, hidden_units=3, filters=2)
    return TrainedModel(
        network=build_network(configuration, input_shape=(1, 10, 12), outputs=6, seed=1).eval(),
        configuration=configuration,
        input_shape=(1, 10, 12),
        heads=HEADS,
        trained_on="digits",
        epochs=2,
        trial=5,
        seed=7,
        validation_accuracy=0.5,
    )


def changed_model(**changes):
    values = torch.load(io.BytesIO(model_to_bytes(make_model())), weights_only=True)
    return saved(values | changes)


def saved(values):
    stream = io.BytesIO()
    torch.save(values, stream)
    return stream.getvalue()


def with_entry(name, content, method=zipfile.ZIP_STORED):
    """Write a model file anew, one of its entries with another content."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(model_to_bytes(make_model()))) as original,
        zipfile.ZipFile(stream, "w", method) as copy,
    ):
        for entry in original.namelist():
            copy.writestr(entry, content if entry.endswith(name) else original.read(entry))
    return stream.getvalue()


def refused(content, message):
    with pytest.raises(ModelFileError, match=message) as caught:
        model_from_bytes(content, source="x.pt")
    assert str(caught.value).startswith("x.pt is no model file: ")
    assert "`packtune best RUN --export FILE`" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_written_is_read_the_same(architecture):
    model = make_model(architecture)
    read = model_from_bytes(model_to_bytes(model), source="x")
    images = torch.arange(2 * 10 * 12).view(2, 10, 12).to(torch.uint8)
    assert torch.equal(read.predict(images), model.predict(images))
    assert not read.network.training
    plain = [dataclasses.replace(m, network=model.network) for m in (read, model)]
    assert plain[0] == plain[1]


def first_version(**changes):
    """Write a file as the first version of the format had it."""
    values = torch.load(io.BytesIO(model_to_bytes(make_model())), weights_only=True)
    for name in ("input_shape", "heads", "factors", "offsets", "preparation"):
        del values[name]
    values |= {"version": 1, "height": 10, "width": 12, "classes": 3, "pixel_scale": 256}
    values |= {"head_names": ["upper", "lower"]}
    return saved(values | changes)


def test_a_file_of_the_first_version_is_read():
    model, read = make_model(), model_from_bytes(first_version(), source="x")
    images = torch.arange(2 * 10 * 12).view(2, 10, 12).to(torch.uint8)
    assert torch.equal(read.predict(images), model.predict(images))
    assert [head.classes for head in read.heads] == [("0", "1", "2")] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 0}, "height = 0 is not allowed: it must be a whole number above 0"),
        ({"width": "12"}, "width = '12' is not allowed"),
        ({"classes": True}, "classes = True is not allowed"),
        ({"classes": 2**62}, "is inconsistent|bytes of weights"),
        ({"head_names": [1, 2]}, r"head_names = \[1, 2\] is not allowed"),
        ({"pixel_scale": 255}, "pixel_scale = 255 is not allowed: it must be 256"),
    ],
)
def test_a_damaged_file_of_the_first_version_is_refused(changes, message):
    refused(first_version(**changes), message)


@pytest.mark.parametrize("content", [b"", b"q", b"r", b"\x80\x02.", b"PK\x05\x06" + bytes(18), pickle.dumps({})])
def test_other_files_are_refused(content):
    refused(content, "it cannot be loaded")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (saved([1, 2]), "it has another format"),
        (saved({"format": torch.zeros(2)}), "it has another format"),
        (changed_model(version=3), "its version is 3, not 2"),
        (changed_model(version=torch.ones(2)), r"its version is tensor\(\[1., 1.\]\), not 2"),
        (changed_model(version="\x1b[31m" + "v" * 10_000), r"its version is '.x1b\[31mvvv"),
    ],
)
def test_a_file_of_something_else_is_refused(content, message):
    refused(content, message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_shape": [1, 2**20, 2**20]}, "13,194,139,533,420 bytes of weights, but the file"),
        ({"input_shape": [1, 2**62, 2**62]}, "is inconsistent"),
        ({"input_shape": [1, 12, 12]}, "size mismatch for 1.weight"),
        ({"input_shape": [1, 0, 12]}, r"input_shape = \[1, 0, 12\] is not allowed: it must be one or three whole"),
        ({"input_shape": [10, 12]}, r"input_shape = \[10, 12\] is not allowed"),
        ({"input_shape": [1, 10, "12"]}, "input_shape = .* is not allowed"),
        ({"heads": []}, r"heads = \[\] is not allowed: it must be a list of names"),
        ({"heads": "ab"}, "heads = 'ab' is not allowed"),
        ({"heads": [["a", []], ["b", []]]}, "heads = .* is not allowed"),
        ({"heads": [["a", [1, 2]]]}, "heads = .* is not allowed"),
        ({"heads": [[1, ["a", "b"]]]}, "heads = .* is not allowed"),
        ({"factors": []}, r"factors = \[\] is not allowed: it must be a list of numbers"),
        ({"factors": [float("inf")]}, "factors = .* is not allowed"),
        ({"offsets": [0.0, 0.0]}, "do not fit 1 channels"),
        ({"preparation": None}, "preparation = None is not allowed"),
        ({"trained_on": None}, "trained_on = None is not allowed"),
        ({"trial": -1}, "trial = -1 is not allowed: it must be a whole number, 0 or more"),
        ({"validation_accuracy": float("nan")}, "validation_accuracy = nan is not allowed"),
        ({"validation_accuracy": "0.5"}, "validation_accuracy = '0.5' is not allowed"),
        ({"configuration": {"hidden_units": 10**5}}, "hidden_units = 100000 is not allowed"),
        ({"configuration": {1: 2}}, "is inconsistent"),
        ({"configuration": None}, "is inconsistent"),
        ({"state_dict": {}}, "Missing key"),
        ({"state_dict": {0: torch.zeros(1)}}, "is inconsistent"),
        ({"state_dict": None}, "is inconsistent"),
        ({"state_dict": {"x" * 10_000: torch.zeros(1)}}, "is inconsistent"),
    ],
)
def test_inconsistent_content_is_refused(changes, message):
    refused(changed_model(**changes), message)


def test_weights_that_are_not_finite_are_refused():
    state = {name: torch.full_like(tensor, torch.inf) for name, tensor in make_model().network.state_dict().items()}
    refused(changed_model(state_dict=state), "a weight is infinite or not a number")


def test_a_small_tensor_shown_as_a_huge_one_takes_no_memory():
    configuration = Configuration(hidden_units=4096)
    weight = torch.zeros(1).expand(4096, 2**30)
    refused(
        changed_model(
            configuration=configuration.as_dict(), input_shape=[1, 2**15, 2**15], state_dict={"1.weight": weight}
        ),
        "bytes of weights, but the file",
    )


@pytest.mark.parametrize("call", [b"c__builtin__\nbytearray\n", b"ctorch\nFloatTensor\n"])
def test_a_file_cannot_ask_for_an_array_of_any_size(call):
    size = b"\x8a\x05" + struct.pack("<Q", 2**36)[:5]
    refused(with_entry("/data.pkl", b"\x80\x02" + call + size + b"\x85R."), "it cannot be loaded")


def test_an_older_format_of_pytorch_is_refused():
    stream = io.BytesIO()
    values = torch.load(io.BytesIO(model_to_bytes(make_model())), weights_only=True)
    torch.save(values, stream, _use_new_zipfile_serialization=False)
    refused(stream.getvalue(), "it cannot be loaded")


def test_a_file_that_unpacks_to_more_than_itself_is_refused():
    bomb = with_entry("/data/0", bytes(2**24), zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2**16
    refused(bomb, "it cannot be loaded")


class MakeFolder:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_code_of_a_file_is_run(tmp_path, protocol):
    payload = pickle.dumps(MakeFolder(tmp_path / "was-run"), protocol=protocol)
    refused(payload, "it cannot be loaded")
    refused(with_entry("/data.pkl", payload), "it cannot be loaded")
    assert not (tmp_path / "was-run").exists()
