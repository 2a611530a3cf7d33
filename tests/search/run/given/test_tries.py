"""Configurations to try first, in each of the ways in which a user gives them."""

from __future__ import annotations

import csv
import json

import pytest

from packtune.data.catalog import DATASETS
from packtune.data.description import Description, Head
from packtune.errors import SettingsError
from packtune.models.configuration import Configuration
from packtune.models.own.hyperparameters import hyperparameters_with, network_space
from packtune.run.given.tries import complete_tries, describe_outside
from packtune.run.given.try_words import read_tries
from packtune.space.catalog import SPACES
from packtune.space.change_words import read_changes
from packtune.space.changes import change_space
from packtune.space.domains import Dimension, IntRange
from packtune.space.joining import with_network
from packtune.space.space import Space

DIGITS = DATASETS["digits"].description
TABLE = Description(
    name="table.csv", input_shape=(4,), heads=(Head(name="c", classes=("a", "b")),), n_train=40, n_validation=9,
    n_test=9, fingerprint="x",
)  # fmt: skip


ANY = Space(name="any", dimensions=(Dimension(name="depth", domain=IntRange(low=1, high=3)),))
"""A space in which every hyperparameter may have its default."""


def configurations(*given, space=ANY, data=DIGITS):
    return complete_tries(read_tries(list(given)), space, data)


def test_a_text_a_table_and_a_configuration_are_the_same_and_are_tried_once():
    made = configurations(
        "learning_rate=0.5, hidden_units=64",
        {"learning_rate": 0.5, "hidden_units": 64},
        Configuration(learning_rate=0.5, hidden_units=64),
    )
    assert made == (Configuration(learning_rate=0.5, hidden_units=64),)


def test_what_is_left_out_has_its_default_or_the_value_next_to_it_in_the_space():
    changes = ["activation=tanh,silu", "momentum=0.5..0.9", "hidden_units=2..8", "weight_decay=0..0.1"]
    space = change_space(SPACES["sgd"], read_changes(changes))
    (made,) = configurations("learning_rate=1", space=space)
    assert made == Configuration(activation="tanh", momentum=0.5, learning_rate=1.0, hidden_units=8)
    assert space.values_of(made) is not None
    (wide,) = configurations("learning_rate=1", space=SPACES["sgd"])
    assert wide == Configuration(learning_rate=1.0, weight_decay=1e-6)


def test_files_have_one_or_several(tmp_path):
    (tmp_path / "one.toml").write_text("learning_rate = 1\nnesterov = true\n")
    (tmp_path / "two.toml").write_text("[[try]]\nlearning_rate = 0.1\n[[try]]\nlearning_rate = 0.2\n")
    (tmp_path / "one.json").write_text(json.dumps({"activation": "relu"}))
    (tmp_path / "two.json").write_text(json.dumps([{"hidden_units": 5}, {"hidden_units": 6}]))
    (tmp_path / "two.csv").write_text("hidden_units,momentum\n7,0.5\n8,\n")
    made = configurations(*(tmp_path / name for name in ("one.toml", "two.toml", "one.json", "two.json", "two.csv")))
    assert made == (
        Configuration(learning_rate=1.0, nesterov=True),
        Configuration(learning_rate=0.1),
        Configuration(learning_rate=0.2),
        Configuration(hidden_units=5),
        Configuration(hidden_units=6),
        Configuration(hidden_units=7, momentum=0.5),
        Configuration(hidden_units=8),
    )


def test_a_leaderboard_is_read_with_all_its_columns(tmp_path):
    known = [Configuration(architecture="cnn", nesterov=True), Configuration(depth=3, learning_rate=0.125)]
    names = ["rank", "trial", "state", "validation_accuracy", *Configuration().as_dict(), "seed"]
    with (tmp_path / "leaderboard.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        for rank, each in enumerate(known, 1):
            used = {name: str(value).lower() for name, value in each.used().items()}
            writer.writerow({"rank": rank, "trial": 9, "state": "COMPLETE", "seed": 7, **used})
    assert [each.used() for each in configurations(str(tmp_path / "leaderboard.csv"))] == [
        each.used() for each in known
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("learning_rat=1", "unknown hyperparameter 'learning_rat'. Did you mean 'learning_rate'"),
        ("learning_rate", "is neither NAME=VALUE,... nor a file whose name ends in .toml, .json, .csv"),
        ("learning_rate=1,momentum", "is not understood at 'momentum'"),
        ("learning_rate=1,learning_rate=2", "gives learning_rate twice"),
        ("learning_rate=1000", "learning_rate = 1000.0 is not allowed: it must be a number from 1e-08 to 100"),
        ("hidden_units=1.5", "hidden_units must be a whole number"),
        ("batch_size=4000", "is more than the 1257 training examples of digits"),
        ("architecture=cnn,blocks=4", "leaves no pixel of a 28 x 28 image after block 4"),
        ("nosuch.csv", "cannot be read: "),
    ],
)
def test_what_is_wrong_is_named(text, words):
    with pytest.raises(SettingsError) as caught:
        configurations(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.toml", "a = ", "is not valid TOML"),
        ("x.json", "{", "is not valid JSON"),
        ("x.json", "[1]", "entry 1: 1 is no table of values by name"),
        ("x.json", "[]", "there is no configuration in it"),
        ("x.json", '{"hidden_units": [1, 2]}', "hidden_units must be a whole number"),
        ("x.csv", "hidden_units,momentun\n3,0.5\n", "Did you mean 'momentum'"),
        ("x.csv", "hidden_units\n3,0.5\n", "row 1: it has another number of cells than the header"),
        ("x.csv", "hidden_units\n", "there is no configuration in it"),
        ("x.csv", b"\xff\xfe\x00", "UTF-16"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, name, content, words):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as caught:
        configurations(file)
    assert words in str(caught.value)


def test_a_cnn_is_not_tried_on_a_table():
    with pytest.raises(SettingsError, match="try architecture=cnn: the architecture cnn needs images"):
        configurations("architecture=cnn", data=TABLE)


def test_what_the_space_never_proposes_is_said():
    wide = SPACES["sgd"]
    assert describe_outside(wide, Configuration(weight_decay=1e-3, momentum=0.5)) == ""
    odd = Configuration(batch_size=48, weight_decay=1e-3, architecture="cnn", pooling=3)
    line = describe_outside(wide, odd)
    assert line == "Tried first, although the space sgd never proposes it: pooling 3, batch_size 48."
    listed = Configuration(hidden_units=128, momentum=0.9, learning_rate=0.01)
    assert "the combination of its values" in describe_outside(SPACES["mini-grid"], listed)


@pytest.mark.parametrize("name", ["broad", "optimizers"])
def test_each_form_of_a_hyperparameter_has_its_own_range(name):
    """AdamW has other learning rates than SGD: what is left out comes from the range that applies."""
    space = SPACES[name]
    adamw, sgd = configurations("optimizer=adamw", "optimizer=sgd", space=space)
    rates = {each.form: each.domain for each in space.dimensions if each.name == "learning_rate"}
    assert rates[1].has(sgd.learning_rate) and rates[2].has(adamw.learning_rate)
    assert adamw.learning_rate != sgd.learning_rate
    for made in (adamw, sgd):
        values = space.values_of(made)
        assert values is not None and space.configuration_of(values).used() == made.used()
        assert describe_outside(space, made) == ""
    (odd,) = configurations("optimizer=adamw,learning_rate=0.7", space=space)
    assert space.values_of(odd) is None
    assert "learning_rate 0.7" in describe_outside(space, odd)


def own_space():
    table = {"width": {"low": 8, "high": 128, "log": True}, "heads": [2, 4], "rate": {"low": 0.0, "high": 0.5}}
    network = network_space(file="net.py", architecture="net@1f3a", digest="0", table=table)
    return with_network(SPACES["sgd"], network)


def own_configurations(*given):
    space = own_space()
    return complete_tries(read_tries(list(given), hyperparameters_with(space.network)), space, DIGITS)


def test_hyperparameters_of_an_own_network_are_tried():
    space = own_space()
    (made,) = own_configurations("width=24,learning_rate=0.05")
    assert dict(made.own) == {"width": 24, "heads": 2, "rate": 0.25}
    assert (made.architecture, made.learning_rate) == ("net@1f3a", 0.05)
    assert describe_outside(space, made) == ""
    (odd,) = own_configurations({"width": 300})
    line = describe_outside(space, odd)
    assert "width 300" in line and "net@1f3a" not in line
    assert own_configurations(made) == (made,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("widht=24", "unknown hyperparameter 'widht'. Did you mean 'width'"),
        ("hidden_units=24", "unknown hyperparameter 'hidden_units'"),
        ("width=2.5", "width"),
    ],
)
def test_what_is_wrong_for_an_own_network_is_named(text, words):
    with pytest.raises(SettingsError) as caught:
        own_configurations(text)
    assert words in str(caught.value)


def test_configurations_of_another_network_are_refused():
    (made,) = own_configurations("width=24")
    with pytest.raises(SettingsError, match="--model"):
        configurations(made)
    with pytest.raises(SettingsError, match=r"mlp is not that of this search, net@1f3a"):
        own_configurations(Configuration(learning_rate=0.5))
