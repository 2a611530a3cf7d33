"""Several ranges of one hyperparameter, each under a condition of its own."""

from __future__ import annotations

import pytest

from packtune.errors import SpaceError
from packtune.models.configuration import Configuration
from packtune.proposals.catalog import SAMPLERS, make_proposer
from packtune.proposals.packing import shape_of
from packtune.proposals.proposer import propose
from packtune.settings import SearchPlan
from packtune.space.catalog import SPACES
from packtune.space.change_words import read_changes
from packtune.space.changes import change_space, describe_change
from packtune.space.domains import Choices, Dimension, FloatRange
from packtune.space.file import parse_space, space_to_toml
from packtune.space.space import Space
from packtune.trial import Accuracy, Outcome, TrialState

TEXT = """
learning_rate = [
    { low = 0.01, high = 1.0, log = true, when = { optimizer = "sgd" } },
    { low = 0.0001, high = 0.01, log = true, when = { optimizer = ["adam", "adamw"] } },
    { value = 0.002, when = { optimizer = "rmsprop" } },
]
optimizer = ["sgd", "adam", "adamw", "rmsprop"]
hidden_units = { low = 8, high = 64 }
beta1 = { low = 0.8, high = 0.95, when = { optimizer = ["adam", "adamw"] } }
"""
RANGES = {"sgd": (0.01, 1.0), "adam": (0.0001, 0.01), "adamw": (0.0001, 0.01), "rmsprop": (0.002, 0.002)}


def parse(text=TEXT):
    return parse_space(text, name="mine.toml", source="mine.toml")


def test_each_form_has_a_key_and_its_values_reach_the_configuration():
    space = parse()
    keys = [dimension.key for dimension in space.dimensions]
    assert keys == ["optimizer", "learning_rate", "learning_rate#2", "learning_rate#3", "hidden_units", "beta1"]
    for optimizer, key, value in (("sgd", keys[1], 0.5), ("adamw", keys[2], 0.003), ("rmsprop", keys[3], 0.002)):
        chosen = {"optimizer": optimizer, key: value, "hidden_units": 9, "beta1": 0.9}
        configuration = space.configuration_of(chosen)
        assert configuration == Configuration(optimizer=optimizer, learning_rate=value, hidden_units=9)
    with pytest.raises(KeyError):
        space.configuration_of({"optimizer": "adam", "learning_rate": 0.5, "hidden_units": 9, "beta1": 0.9})


@pytest.mark.parametrize("space", [parse(), SPACES["optimizers"], SPACES["broad"]], ids=lambda space: space.name)
def test_forms_are_written_and_read_in_the_same_order(space):
    again = parse_space(space_to_toml(space), name=space.name, source="x")
    assert again.dimensions == space.dimensions
    assert Space(name="again", dimensions=again.dimensions[::-1][::-1]).dimensions == space.dimensions


def test_forms_that_are_apart_come_together_as_in_a_file():
    one, two, parent = (
        Dimension(name="momentum", domain=Choices(values=(0.1,)), when={"optimizer": ("sgd",)}),
        Dimension(name="momentum", domain=Choices(values=(0.5,)), when={"optimizer": ("rmsprop",), "depth": (1,)}),
        Dimension(name="optimizer", domain=Choices(values=("sgd", "rmsprop"))),
    )
    depth = Dimension(name="depth", domain=Choices(values=(1, 2)))
    space = Space(name="x", dimensions=(one, parent, two, depth))
    assert [d.key for d in space.dimensions] == ["optimizer", "momentum", "depth", "momentum#2"]
    assert parse_space(space_to_toml(space), name="x", source="x").dimensions == space.dimensions
    listed = [{"optimizer": "sgd", "momentum": 0.1, "depth": depth} for depth in (1, 2)]
    listed += [{"optimizer": "rmsprop", "depth": 1, "momentum#2": 0.5}, {"optimizer": "rmsprop", "depth": 2}]
    assert space.enumerate() == listed


@pytest.mark.parametrize(
    ("forms", "message"),
    [
        (
            '[{ value = 0.1 }, { value = 0.2, when = { optimizer = "sgd" } }]',
            "0.1 and 0.2 may apply at once: give each",
        ),
        (
            '[{ value = 0.1, when = { optimizer = ["sgd", "adam"] } }, { value = 0.2, when = { optimizer = "adam" } }]',
            "may apply at once.*a condition on architecture or optimizer",
        ),
        (
            "[{ value = 0.1, when = { depth = 1 } }, { value = 0.2, when = { depth = 2 } }]",
            "may apply at once.*a condition on architecture or optimizer",
        ),
        ("[{ value = 0.1 }, 0.2]", "is not a single value"),
        ("[{ value = 9.5 }, { value = 0.1 }]", "0.0 to|from 0"),
    ],
)
def test_forms_that_cannot_be_told_apart_are_refused(forms, message):
    with pytest.raises(SpaceError, match=message):
        parse(f'optimizer = ["sgd", "adam"]\ndepth = [1, 2]\nmomentum = {forms}')


def test_a_condition_on_what_has_several_forms_is_refused():
    with pytest.raises(SpaceError, match="'dropout': its condition is on 'momentum', which is given more than once"):
        parse(
            'optimizer = ["sgd", "rmsprop"]\n'
            'momentum = [{ value = 0.1, when = { optimizer = "sgd" } }, '
            '{ value = 0.5, when = { optimizer = "rmsprop" } }]\n'
            "dropout = { value = 0.1, when = { momentum = 0.5 } }"
        )


def outcome_of(configuration):
    accuracy = Accuracy(joint=configuration.hidden_units / 100, heads=(0.5,))
    return Outcome(state=TrialState.COMPLETE, epochs=1, curve=((1, accuracy.joint),), validation=accuracy)


@pytest.mark.parametrize("sampler", [name for name, entry in SAMPLERS.items() if not entry.lists])
def test_every_sampler_proposes_each_form_where_it_applies(sampler, one_thread):
    space = parse()
    proposer = make_proposer(space, SearchPlan(sampler=sampler, seed=3, trials=200))
    seen = []
    while len(seen) < 24:
        first = len(seen)
        pack = propose(proposer, first=first, pack=first, left=24 - first, capacity=lambda _: 4)
        for number, suggestion in enumerate(pack, first):
            proposer.add(number, suggestion)
        for number, suggestion in enumerate(pack, first):
            configuration = space.configuration_of(suggestion.values)
            assert sum(key.startswith("learning_rate") for key in suggestion.values) == 1
            proposer.tell(number, outcome_of(configuration))
            seen.append(configuration)
        if sampler in ("tpe", "random"):
            assert len({shape_of(space.configuration_of(suggestion.values)) for suggestion in pack}) == 1
    assert len({configuration.optimizer for configuration in seen}) > 1
    for configuration in seen:
        low, high = RANGES[configuration.optimizer]
        assert low <= configuration.learning_rate <= high


def test_changes_are_of_every_form():
    space = parse()
    fixed = change_space(space, read_changes(["learning_rate=0.005"]))
    assert {d.domain for d in fixed.dimensions if d.name == "learning_rate"} == {Choices(values=(0.005,))}
    assert describe_change(space, fixed) == ["Space mine.toml with learning_rate 0.005."]
    narrowed = change_space(space, read_changes(["optimizer=adam,rmsprop", "learning_rate=0.001..0.02"]))
    assert [(d.key, d.domain) for d in narrowed.dimensions if d.name == "learning_rate"] == [
        ("learning_rate", FloatRange(low=0.001, high=0.02, log=True)),
        ("learning_rate#2", Choices(values=(0.002,))),
    ]
