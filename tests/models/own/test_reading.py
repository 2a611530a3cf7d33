"""The source of a network of the user's own: found with what it imports, and run from memory."""

from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path

import pytest
import torch

from packtune.data.sets import digits
from packtune.errors import NetworkError
from packtune.models.architectures.build import build_network, count_multiplications, count_parameters
from packtune.models.configuration import Configuration, OwnValues
from packtune.models.model_file import TrainedModel, model_from_bytes, model_to_bytes
from packtune.models.modules.calls import Way
from packtune.models.own.network import from_function
from packtune.models.own.reading import read_network
from packtune.models.own.registry import find_network, register
from packtune.models.training.pack_training import Member, PackTraining

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "tests/search/run/network/example/net.py"
VALUES = {"width": 8, "rate": 0.1, "norm": True}


def configure(network, **values):
    return Configuration(architecture=network.architecture, own=OwnValues(values))


def build(network, **values):
    register(network)
    return build_network(configure(network, **values), input_shape=(1, 28, 28), outputs=10, seed=3)


def test_modules_and_packages_beside_a_file_are_found():
    network = read_network(EXAMPLE)
    assert list(network.files) == ["net.py", "blocks.py", "parts/__init__.py", "parts/head.py"]
    assert network.table == {"width": [8, 16], "rate": {"low": 0.0, "high": 0.4}, "norm": [False, True]}
    assert re.fullmatch(r"net@[0-9a-f]{12}", network.architecture)


def test_it_is_built_from_memory_and_leaves_no_module_behind():
    network = pickle.loads(pickle.dumps(read_network(EXAMPLE)))
    assert isinstance(build(network, **VALUES), torch.nn.Sequential)
    assert not {"blocks", "parts"} & sys.modules.keys()


def test_a_module_of_the_users_comes_before_an_installed_one_of_its_name(tmp_path):
    import colorsys

    (tmp_path / "colorsys.py").write_text("WIDTH = 5\n")
    (tmp_path / "net.py").write_text(
        "import colorsys\nfrom torch import nn\n"
        "def build(c, *, input_shape, outputs):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(784, colorsys.WIDTH))\n"
    )
    assert build(read_network(tmp_path / "net.py"))[1].out_features == 5
    assert sys.modules["colorsys"] is colorsys


def test_the_hash_is_of_all_source(tmp_path):
    folder = EXAMPLE.parent
    for path in folder.rglob("*.py"):
        copy = tmp_path / path.relative_to(folder)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert read_network(tmp_path / "net.py").digest == read_network(EXAMPLE).digest
    (tmp_path / "parts/head.py").write_text(
        "from torch import nn\n\ndef head(width, outputs): return nn.Linear(width, 2)\n"
    )
    assert read_network(tmp_path / "net.py").digest != read_network(EXAMPLE).digest


def test_a_source_that_has_changed_is_told_from_one_that_was_not_named(tmp_path):
    path = tmp_path / "changing.py"
    path.write_text("def build(configuration, *, input_shape, outputs): pass")
    first = read_network(path).architecture
    with pytest.raises(NetworkError, match=r"name its file with --model"):
        find_network(first)
    path.write_text("def build(configuration, *, input_shape, outputs): return None")
    register(read_network(path))
    with pytest.raises(NetworkError, match=rf"changing.py has changed since: .* trained with {first}: restore"):
        find_network(first)


def test_a_file_that_is_no_python_file_is_refused(tmp_path):
    path = tmp_path / "net.txt"
    path.write_text("def build(configuration, *, input_shape, outputs): pass")
    with pytest.raises(NetworkError, match=r"net.txt is no Python file: give one whose name ends in .py"):
        read_network(path)


def test_the_first_weights_come_from_the_seed_alone():
    first, second = (build(read_network(EXAMPLE), **VALUES).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_function_is_a_network_too():
    def make(configuration, *, input_shape, outputs):
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, outputs))

    network = from_function(make, {"width": [1, 2]})
    assert network.architecture.startswith("make@")
    assert isinstance(build(network, width=1), torch.nn.Sequential)
    assert from_function(make, {"width": [1]}).digest != network.digest


def test_sizes_are_counted():
    network = read_network(EXAMPLE)
    register(network)
    shapes = {"input_shape": (1, 28, 28), "outputs": 10}
    weights = 784 * 8 + 8 * 8 + 8 * 10
    assert count_multiplications(configure(network, **VALUES), **shapes) >= weights
    assert count_parameters(configure(network, **VALUES), **shapes) == weights + 8 + 16 + 8 + 10


def test_a_model_file_holds_its_values_and_buffers():
    network = read_network(EXAMPLE)
    register(network)
    dataset = digits.load()
    member = Member(configuration=configure(network, **VALUES), seed=1)
    training = PackTraining([member], dataset, batch_seed=1)
    training.train_epoch()
    model = TrainedModel(
        network=training.unpack(0), configuration=member.configuration, input_shape=dataset.input_shape,
        heads=dataset.heads, trained_on="digits", epochs=1, trial=0, seed=1, validation_accuracy=0.5,
    )  # fmt: skip
    read = model_from_bytes(model_to_bytes(model), source="net.pt")
    assert read.configuration == member.configuration
    assert read.network[2].norm.num_batches_tracked == len(dataset.train) // 32
    assert torch.equal(read.predict(dataset.test.inputs), model.predict(dataset.test.inputs))


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_the_example_of_the_documentation_trains(rate, tmp_path):
    page = (ROOT / "docs/networks.md").read_text(encoding="utf-8")
    (tmp_path / "rows.py").write_text(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1])
    network = read_network(tmp_path / "rows.py")
    register(network)
    own = {"width": 16, "heads": 2, "layers": 1, "dropout": rate}
    dataset = digits.load()
    small = dataset.with_splits({**dataset.splits, "train": dataset.train.first(320)})
    members = [
        Member(configuration=Configuration(architecture=network.architecture, own=OwnValues(own), optimizer="adamw",
                                           learning_rate=0.01), seed=seed)
        for seed in range(3)
    ]  # fmt: skip
    training = PackTraining(members, small, batch_seed=1)
    assert training.choice.layout.way is Way.VECTORISED, training.choice.reason
    before = training.evaluate(dataset.validation)
    for _ in range(3):
        training.train_epoch()
    after = training.evaluate(dataset.validation)
    assert all(later.loss < earlier.loss for earlier, later in zip(before, after, strict=True))
