"""What can be wrong with a network of the user's own is said in words, before anything is trained."""

from __future__ import annotations

import pytest

from packtune.data.catalog import DATASETS
from packtune.errors import NetworkError, PacktuneError, SettingsError, SpaceError
from packtune.run.network.checking import check_network
from packtune.run.network.finding import find_network, space_and_network

HEAD = "import random\nimport torch\nfrom torch import nn\n"
LAYERS = "nn.Flatten(), nn.Linear(784, outputs)"


def building(text, table="{}"):
    return f"{HEAD}HYPERPARAMETERS = {table}\ndef build(configuration, *, input_shape, outputs):\n    {text}\n"


MODULE = (
    HEAD
    + "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    + "        self.last = nn.Linear(784, 10)\n"
    + "    def forward(self, images):\n        {}\n"
    + "def build(configuration, *, input_shape, outputs):\n    return Net()\n"
)
CASES = {
    "syntax": (
        "def build(c, *, input_shape, outputs)\n    pass\n",
        r"a syntax error in line 1, column \d+: expected ':': `def build\(c, \*, input_shape, outputs\)`",
    ),
    "no build": ("x = 1\n", "has no function build: add `def build"),
    "arguments": ("def build(configuration): pass\n", "cannot be called with"),
    "hidden": (building("pass", '{"momentum": [0.5]}'), "'momentum' hides the common one"),
    "column": (building("pass", '{"rank": [1]}'), "has the name of a column"),
    "swapped": (building("pass", '{"width": {"low": 9, "high": 2}}'), "low = 9 is above high = 2"),
    "no values": (building("pass", '{"width": []}'), "is not understood: give a value"),
    "no table": ("HYPERPARAMETERS = 3\ndef build(c, *, input_shape, outputs): pass\n", "are no table of names"),
    "at import": (
        "raise RuntimeError('no')\ndef build(c, *, input_shape, outputs): pass\n",
        "RuntimeError: no .*line 1",
    ),
    "raises": (building("return 1 / 0"), r"ZeroDivisionError.*line 6, build, `return 1 / 0`"),
    "unknown value": (building("return configuration.widht", '{"width": [4]}'), "no 'widht'. Did you mean 'width'"),
    "no module": (building("return 3"), "must return a torch.nn.Module, but returns int"),
    "shape": (building("return nn.Sequential(nn.Flatten(), nn.Linear(784, 7))"), r"\[8, 10\], but gives \[8, 7\]"),
    "input": (
        building("return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))"),
        r"fails on a batch of 8 inputs, float32 \[8, 1, 28, 28\]: .*input_shape = \(1, 28, 28\)",
    ),
    "inside": (MODULE.format("return self.last(images)"), r"RuntimeError: mat1 .*line \d+, forward, `return self.last"),
    "missing": (
        "import nowhere\ndef build(c, *, input_shape, outputs): pass\n",
        r"nowhere.* Install that module for /",
    ),
    "no tensor": (MODULE.format("return [self.last(images.flatten(1))]"), "but gives list"),
    "double": (building(f"return nn.Sequential({LAYERS}).double()"), "is float64, and packs train float32"),
    "all frozen": (building(f"return nn.Sequential({LAYERS}).requires_grad_(False)"), "no weight to be trained"),
    "one module": (
        HEAD + "N = nn.Linear(784, 10)\ndef build(c, *, input_shape, outputs):\n    return N\n",
        "same module twice",
    ),
    "first weights": (
        building(f"n = nn.Sequential({LAYERS}); n[1].weight.data += random.random(); return n"),
        "first weights differ",
    ),
    "random": (MODULE.format("return self.last(images.flatten(1)) * random.random()"), "gives other numbers"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_refused_in_words(case, tmp_path):
    text, message = CASES[case]
    file = tmp_path / "net.py"
    file.write_text(text)
    with pytest.raises((NetworkError, SpaceError), match=message) as raised:
        source, _ = space_and_network("sgd", {"model": file})
        check_network(source.space, DATASETS["digits"].description)
    assert isinstance(raised.value, PacktuneError)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NetworkError, match="cannot read the network .*net.py: No such file"):
        find_network(tmp_path / "net.py")


def test_configurations_that_cannot_be_built_fail_as_trials_where_others_can(tmp_path):
    file = tmp_path / "net.py"
    text = f"width = configuration.width\n    assert width > 4\n    return nn.Sequential({LAYERS})"
    file.write_text(building(text, '{"width": [2, 4, 8, 16]}'))
    source, _ = space_and_network("sgd", {"model": file})
    check_network(source.space, DATASETS["digits"].description)


def test_a_space_that_is_a_list_is_refused(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(building(f"return nn.Sequential({LAYERS})"))
    with pytest.raises(SpaceError, match="'mini-grid' lists configurations of built-in networks"):
        space_and_network("mini-grid", {"model": file})


def test_what_a_file_has_itself_is_not_given_again(tmp_path):
    with pytest.raises(SettingsError, match="hyperparameters are not allowed with a file"):
        space_and_network("sgd", {"model": tmp_path / "net.py", "hyperparameters": {}})


def test_own_hyperparameters_are_changed_like_common_ones(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(building(f"return nn.Sequential({LAYERS})", '{"width": [2, 4, 8]}'))
    source, _ = space_and_network("sgd", {"model": file})
    names = [each.name for each in source.space.dimensions]
    assert names == ["width", "batch_size", "learning_rate", "momentum", "nesterov", "weight_decay"]
    changed = source.changed(["width=4,8", "learning_rate=0.1"]).space
    assert str(changed.dimensions[0].domain) == "4, 8"
    with pytest.raises(SpaceError, match="unknown hyperparameter 'hidden_units'"):
        source.changed(["hidden_units=32"])
    with pytest.raises(SpaceError, match="unknown hyperparameter 'widht'. Did you mean 'width'"):
        source.changed(["widht=4"])
