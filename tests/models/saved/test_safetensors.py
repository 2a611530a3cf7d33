"""Models as safetensors, and ensembles in both formats: read the same, or refused before they do harm."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from packtune.data.description import Head, Scaling
from packtune.errors import ModelFileError, PacktuneError
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.ensemble import MeanOfProbabilities
from packtune.models.model_file import TrainedModel, model_from_bytes, model_to_bytes
from packtune.models.saved.safe_tensors import to_safetensors
from packtune.models.training.metrics.catalog import Metric

HEADS = (Head(name="upper", classes=("a", "b", "c")), Head(name="lower\n|", classes=("ü", "")))


def make_model(members=0, **changes):
    configuration = Configuration(hidden_units=3, learning_rate=0.1 + 0.2)
    networks = [build_network(configuration, input_shape=(3, 4, 5), outputs=6, seed=n) for n in range(max(1, members))]
    model = TrainedModel(
        network=(MeanOfProbabilities(networks, HEADS) if members else networks[0]).eval(),
        configuration=configuration,
        input_shape=(3, 4, 5),
        heads=HEADS,
        scaling=Scaling(factors=(0.1, 1 / 3, 0.5), offsets=(0.0, -1e-17, 3.0)),
        trained_on="digits\u202e",
        epochs=2,
        trial=5,
        seed=2**32 - 1,
        validation_accuracy=1 / 3,
        metric=Metric.LOG_LOSS,
        validation_score=0.7,
        members=tuple(range(members)),
    )
    return dataclasses.replace(model, **changes)


WRITERS = {"safetensors": to_safetensors, "torch": model_to_bytes}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("members", [0, 3])
@pytest.mark.parametrize("validation_accuracy", [1 / 3, None])
def test_what_is_written_is_read_the_same(write, members, validation_accuracy):
    model = make_model(members, validation_accuracy=validation_accuracy)
    read = model_from_bytes(write(model), source="x")
    images = torch.arange(2 * 60).view(2, 3, 4, 5).to(torch.uint8)
    assert torch.equal(read.logits(images), model.logits(images))
    assert dataclasses.replace(read, network=model.network) == model
    assert not read.network.training


def test_the_logits_of_an_ensemble_are_the_logarithms_of_the_mean_probabilities():
    model, images = make_model(3), torch.randint(0, 256, (50, 3, 4, 5), dtype=torch.uint8)
    with torch.inference_mode():
        scaled = images.float() * torch.tensor(model.scaling.factors).view(-1, 1, 1)
        scaled += torch.tensor(model.scaling.offsets).view(-1, 1, 1)
        each = torch.stack([network(scaled) for network in model.network.networks]).unflatten(2, (2, 3)).double()
    each = each.clone()
    each[:, :, 1, 2] = -torch.inf
    probabilities = model.label(images).probabilities
    assert torch.allclose(probabilities, each.softmax(3).mean(0), atol=1e-6)
    assert (probabilities[:, 1, 2] == 0).all()
    assert model.logits(images)[:, 1, 2].isneginf().all()


def changed(facts=None, weights=None, members=0):
    """Write a file with other facts or weights."""
    content = to_safetensors(make_model(members))
    n = int.from_bytes(content[:8], "little")
    known = json.loads(json.loads(content[8 : 8 + n])["__metadata__"]["packtune"])
    return save(load(content) if weights is None else weights, {"packtune": json.dumps({**known, **(facts or {})})})


def refused(content, message):
    with pytest.raises(ModelFileError, match=message) as caught:
        model_from_bytes(content, source="x.safetensors")
    assert str(caught.value).startswith("x.safetensors is no model file: ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "content",
    [
        (2).to_bytes(8, "little") + b"{}",
        (2**40).to_bytes(8, "little") + b"{}",
        (10**7).to_bytes(8, "little") + b"{" * 10**6,
        (2**20).to_bytes(8, "little") + b"{" * 2**20,
        save({"a": torch.zeros(2)}),
        save({"a": torch.zeros(2)}, {"packtune": "[]"}),
        save({"a": torch.zeros(2)}, {"packtune": "[" * 10**5}),
        save({"a": torch.zeros(2)}, {"packtune": '{"state_dict": 1}'}),
        to_safetensors(make_model())[:-1],
        to_safetensors(make_model()) + b"x",
    ],
)
def test_another_or_a_damaged_file_is_refused(content):
    refused(content, "it cannot be loaded")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"format": "other"}, "it has another format"),
        ({"version": 3}, "its version is 3, not 2"),
        ({"input_shape": [1, 2**20, 2**20]}, "bytes of weights, but the file"),
        ({"input_shape": [1, 2**62, 2**62]}, "is inconsistent"),
        ({"input_shape": [1.0, 2, 3]}, "input_shape = .* is not allowed"),
        ({"heads": [["a", []]]}, "heads = .* is not allowed"),
        ({"factors": [float("nan")]}, "factors = .* is not allowed"),
        ({"trial": -1}, "trial = -1 is not allowed"),
        ({"validation_accuracy": 2.0}, "validation_accuracy = 2.0 is not allowed"),
        ({"validation_accuracy": False}, "validation_accuracy = False is not allowed"),
        ({"configuration": {"hidden_units": 10**9}}, "hidden_units = 1000000000 is not allowed"),
        ({"members": []}, r"members = \[\] is not allowed: it must be a list of 2 to 1,000 whole numbers"),
        ({"members": [1]}, "members = .* is not allowed"),
        ({"members": [1, -1]}, "members = .* is not allowed"),
        ({"members": list(range(10**5))}, r"members = \[0, 1, 2"),
        ({"members": "ab"}, "members = .* is not allowed"),
        ({"members": [1, 2]}, "is inconsistent"),
    ],
)
def test_inconsistent_content_is_refused(facts, message):
    refused(changed(facts), message)


@pytest.mark.parametrize("members", [[0, 1], [0, 1, 2, 3]])
def test_an_ensemble_with_another_number_of_networks_is_refused(members):
    refused(changed({"members": members}, members=3), "belongs to none of the 2 networks|Missing key")


def test_weights_that_are_not_finite_or_are_missing_are_refused():
    weights = load(to_safetensors(make_model()))
    refused(changed(weights={name: torch.full_like(t, torch.nan) for name, t in weights.items()}), "not a number")
    refused(changed(weights={"1.weight": weights["1.weight"]}), "Missing key")
    refused(changed(weights={**weights, "x\x1b[31m": torch.zeros(1)}), "Unexpected key")


@given(st.data())
def test_a_file_with_changed_bytes_is_read_or_refused(data):
    content = bytearray(to_safetensors(make_model()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PacktuneError):
        model_from_bytes(bytes(content), source="x")


@pytest.mark.parametrize(("module", "call"), [("safetensors", "to_safetensors(model)"), ("onnx", "write_onnx(model)")])
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(module, call):
    code = f"""
import sys
sys.modules["{module}"] = None
from packtune.errors import ExportError
from packtune.models.saved.safe_tensors import to_safetensors
from packtune.models.exports.onnx_file import write_onnx
model = None
try:
    {call}
except ExportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=True)
    assert f"the package {module}, which is missing: install it with pip install 'packtune[{module}]'" in done.stdout
