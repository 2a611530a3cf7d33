"""What a user gives a search to begin with is tried first, and the search is the same however it is carried out."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision
from packtune.proposals.catalog import SAMPLERS
from packtune.proposals.given import Given, Tries
from packtune.protocol import Protocol
from packtune.settings import SearchPlan
from packtune.space.catalog import load_space
from packtune.trial import TrialState

INSIDE = Configuration(hidden_units=20, learning_rate=0.3, momentum=0.5, weight_decay=1e-4, dropout=0.1, depth=2)
OUTSIDE = Configuration(architecture="cnn", pooling=3, batch_size=48, learning_rate=5.0)
TRIED = Given(
    tries=(Tries(first=0, configurations=(OUTSIDE, INSIDE, OUTSIDE)), Tries(first=14, configurations=(INSIDE,)))
)


def plan_of(sampler, trials=20, space="sgd", **changes):
    space = "mini-grid" if sampler == "grid" else space
    protocol = Protocol.NOTEBOOK if sampler == "grid" else Protocol.SEARCH
    plan = SearchPlan(sampler=sampler, space=space, trials=trials, epochs=9, seed=5, protocol=protocol, **changes)
    return plan.settle(precision=Precision.FLOAT32, lookahead=3)


@pytest.fixture(scope="module")
def undisturbed(records_of):
    known = {}

    def get(sampler):
        if sampler not in known:
            plan = plan_of(sampler)
            with TemporaryDirectory() as folder:
                known[sampler] = records_of(plan, load_space(plan.space), folder, given=TRIED)
        return known[sampler]

    return get


def test_the_spaces_of_these_tests_propose_one_of_the_two():
    wide = load_space("sgd")
    assert wide.values_of(OUTSIDE) is None
    assert wide.configuration_of(wide.values_of(INSIDE)) == INSIDE
    assert load_space("mini-grid").values_of(INSIDE) is None


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_configurations_are_tried_where_they_were_asked_for(undisturbed, sampler):
    records = undisturbed(sampler)
    assert [record.proposal.number for record in records] == list(range(20))
    assert [records[n].proposal.configuration for n in (0, 1, 2, 14)] == [OUTSIDE, INSIDE, OUTSIDE, INSIDE]
    assert all(record.outcome for record in records)
    assert len({record.proposal.seed for record in records}) == (20 if sampler != "grid" else 2)


def test_a_list_is_tried_whole_and_in_order_beside_them(undisturbed):
    space = load_space("mini-grid")
    rest = [r.proposal for r in undisturbed("grid") if r.proposal.number not in (0, 1, 2, 14)]
    listed = [space.configuration_of(row) for row in space.listed]
    assert [each.configuration for each in rest] == [*listed, *listed[:6]]
    assert [each.seed for each in rest] == [5] * 10 + [6] * 6


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "grid", "random"])
@given(
    workers=st.sampled_from([1, 2, 4]),
    chance=st.randoms(use_true_random=False),
    crashes=st.lists(st.integers(0, 9), max_size=3),
)
@settings(max_examples=5, deadline=None)
def test_neither_workers_nor_crashes_change_such_a_search(undisturbed, records_of, sampler, workers, chance, crashes):
    plan = plan_of(sampler)
    with TemporaryDirectory() as folder:
        disturbed = records_of(
            plan, load_space(plan.space), folder, given=TRIED, workers=workers, chance=chance, crashes=crashes
        )
    assert disturbed == undisturbed(sampler)


@pytest.mark.parametrize("sampler", ["cmaes", "gp"])
def test_optunas_samplers_go_on_after_a_crash_with_trials_outside_the_space(undisturbed, records_of, tmp_path, sampler):
    plan = plan_of(sampler)
    assert records_of(plan, load_space("sgd"), tmp_path, given=TRIED, crashes=[2, 9]) == undisturbed(sampler)


def test_a_sampler_learns_from_what_was_tried_inside_the_space_alone(records_of, tmp_path):
    plan, space = plan_of("tpe", trials=24, halving=False), load_space("sgd")
    found = []
    for n, tried in enumerate([(INSIDE,) * 5, (OUTSIDE,) * 5]):
        (tmp_path / str(n)).mkdir()
        asked = Given(tries=(Tries(first=0, configurations=tried),))
        records = records_of(plan, space, tmp_path / str(n), given=asked)
        assert any(record.state is TrialState.COMPLETE for record in records[:5])
        found.append([record.proposal.configuration for record in records[5:]])
    assert found[0] != found[1]
