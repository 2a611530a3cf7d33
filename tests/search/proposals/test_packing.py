"""Which trials become one pack."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.models.configuration import ARCHITECTURE_NAMES, Configuration
from packtune.models.hardware.device import Device
from packtune.models.layers.padding import padded_units
from packtune.proposals.packing import CPU_MEMBERS, CPU_UNITS, group_proposals, pack_capacity, shape_of
from packtune.trial import Proposal

configurations = st.builds(
    Configuration,
    architecture=st.sampled_from(ARCHITECTURE_NAMES),
    depth=st.integers(1, 3),
    hidden_units=st.integers(1, 1024),
    batch_size=st.sampled_from([16, 32, 64]),
    filters=st.sampled_from([8, 16]),
    momentum=st.floats(0, 0.9),
)
proposal_lists = st.lists(configurations, max_size=60).map(
    lambda all_of_them: [Proposal(number=n, configuration=c, seed=n) for n, c in enumerate(all_of_them)]
)
devices = st.sampled_from([Device.CPU, Device.CUDA])


@given(proposal_lists, devices, st.none() | st.integers(1, 20))
def test_every_proposal_is_in_one_pack_of_its_shape(proposals, device, pack_size):
    packs = group_proposals(proposals, capacity=lambda c: pack_size or pack_capacity(c, device))
    assert sorted(p.number for pack in packs for p in pack) == list(range(len(proposals)))
    assert [pack[0].number for pack in packs] == sorted(pack[0].number for pack in packs)
    for pack in packs:
        assert len({shape_of(p.configuration) for p in pack}) == 1
        assert [p.number for p in pack] == sorted(p.number for p in pack)
        limit = pack_size or min(pack_capacity(p.configuration, device) for p in pack)
        assert len(pack) <= limit


@given(proposal_lists, devices)
def test_no_two_packs_of_a_shape_could_be_one(proposals, device):
    packs = group_proposals(proposals, capacity=partial(pack_capacity, device=device))
    shapes = [shape_of(pack[0].configuration) for pack in packs]
    for shape in set(shapes):
        alike = [pack for pack, other in zip(packs, shapes, strict=True) if other == shape]
        room = min(pack_capacity(p.configuration, device) for pack in alike for p in pack)
        assert all(len(pack) == room for pack in alike[:-1])


@given(configurations)
def test_at_most_half_of_a_member_is_padding(configuration):
    units = configuration.hidden_units
    assert units <= padded_units(units) < 2 * units


@pytest.mark.parametrize(("units", "members"), [(1, 32), (10, 32), (16, 32), (128, 4), (512, 1), (4096, 1)])
def test_a_processor_takes_members_until_the_weights_leave_its_cache(units, members):
    capacity = pack_capacity(Configuration(hidden_units=units), Device.CPU)
    assert capacity == members
    assert capacity == 1 or capacity * units <= CPU_UNITS
    assert capacity <= CPU_MEMBERS


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURE_NAMES if name != "mlp"])
def test_convolutions_are_alone_on_a_processor_but_not_on_a_gpu(architecture):
    configuration = Configuration(architecture=architecture)
    assert pack_capacity(configuration, Device.CPU) == 1
    assert pack_capacity(configuration, Device.CUDA) > 1
