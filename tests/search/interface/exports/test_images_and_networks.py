"""Colour images, several heads, and networks of the user's own, in the formats for other programs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from sklearn.datasets import load_digits

import packtune
from packtune.data.sets import digits
from packtune.models.exports.catalog import FORMATS

pytestmark = pytest.mark.slow

NETWORK = """
import torch
from torch import nn

HYPERPARAMETERS = {"width": [4]}


class Attending(nn.Module):
    def __init__(self, width, rows, outputs):
        super().__init__()
        self.embed = nn.Linear(rows, width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.last = nn.Linear(width, outputs)

    def forward(self, images):
        values = self.embed(images.mean(1))
        return self.last((values + self.attention(values, values, values, need_weights=False)[0]).amax(1))


def build(configuration, *, input_shape, outputs):
    return Attending(configuration.width, input_shape[2], outputs)
"""


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    """Give scanned digits of 8x8, tinted, as an archive: uint8 [300, 8, 8, 3]."""
    bunch = load_digits()
    grey = bunch.images[:300, :, :, None] * 15
    images = np.concatenate([grey, 255 - grey, grey * 0.5], axis=3).astype(np.uint8)
    path = tmp_path_factory.mktemp("colours") / "tinted.npz"
    np.savez(path, images=images, labels=np.array(["even", "odd"])[bunch.target[:300] % 2])
    return path


def test_colour_images_are_scaled_inside_by_their_channels(searched, coloured, tmp_path, in_fresh_process):
    result = searched(coloured, tmp_path)
    result.winner.export(tmp_path / "tinted.onnx", ensemble=True)
    result.winner.export(tmp_path / "tinted.pt", ensemble=True)
    images = np.load(coloured)["images"]
    np.save(tmp_path / "new.npy", images.transpose(0, 3, 1, 2))
    code = """
import json, numpy, onnxruntime
session = onnxruntime.InferenceSession("tinted.onnx")
print(json.dumps(session.run(["label"], {"images": numpy.load("new.npy")})[0].tolist()))
"""
    labels = in_fresh_process(code, tmp_path)
    model = packtune.load_model(tmp_path / "tinted.pt")
    assert len(model.members) == 2
    expected = [("even", "odd")[number] for number in model.predict(images)[:, 0].tolist()]
    assert labels == expected
    assert set(labels) == {"even", "odd"}
    card = (tmp_path / "tinted.onnx.md").read_text()
    assert "Images are uint8 [n, 3, 8, 8] from 0 to 255" in card.replace("\\", "")
    assert "Pictures of another size, with transparency or with 16 bits are not converted" in card


def test_overlapping_digits_have_two_labels(searched, tmp_path):
    result = searched("digits-overlap", tmp_path, epochs=1)
    result.winner.export(tmp_path / "pairs.onnx")
    images = packtune.DATASETS["digits-overlap"].load(None, None).test.inputs
    session = onnxruntime.InferenceSession(tmp_path / "pairs.onnx")
    label, probabilities, _ = session.run(None, {"images": images.numpy()})
    assert label.astype(int).tolist() == result.winner.predict(images).tolist()
    assert probabilities.shape == (400, 2, 10)


@pytest.fixture(scope="module")
def of_own(searched, tmp_path_factory):
    """Give a folder with a network of the user's own, and a run of it."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "attending.py").write_text(NETWORK)
    space = {"learning_rate": [0.01], "batch_size": [64]}
    return folder, searched("digits", folder / "results", space=space, model=str(folder / "attending.py"), epochs=1)


@pytest.mark.parametrize("ending", [".onnx", ".pt2", ".safetensors"])
def test_a_network_of_ones_own_is_exported(of_own, in_fresh_process, ending):
    folder, result = of_own
    file = result.winner.export(folder / f"attending{ending}")
    if ending != ".safetensors":
        assert "270 test images" in file.with_name(f"{file.name}.md").read_text()
        return
    images = digits.load().test.inputs.numpy()
    np.save(folder / "images.npy", images)
    (code,) = re.findall(r"```python\n(.*?)```", file.with_name(f"{file.name}.md").read_text(), re.DOTALL)
    shown = f"import json, numpy\nimages = numpy.load('images.npy')\n{code}\nprint(json.dumps(labels.tolist()))"
    assert in_fresh_process(shown, folder) == result.winner.predict(images).tolist()


@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_a_network_that_branches_on_values_is_refused_with_what_can_be_done(of_own, ending):
    trained = of_own[1].winner.trained
    network = _Branching(trained.network)
    changed = type(trained)(**{name: getattr(trained, name) for name in trained.__slots__} | {"network": network})
    with pytest.raises(packtune.ExportError, match=f"cannot be written as {ending}, as PyTorch cannot record it"):
        FORMATS[ending].write(changed)


class _Branching(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(-images if images.sum() > 0 else images)


def test_nothing_is_left_where_nothing_is_written(of_own, tmp_path):
    _, result = of_own
    with pytest.raises(packtune.RunError, match="cannot write .*missing"):
        result.winner.export(Path(tmp_path / "missing" / "x.pt"))
    assert list(tmp_path.iterdir()) == []
