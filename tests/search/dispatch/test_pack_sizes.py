"""How many members train together: at most by a rule, fewer where a worker would be idle otherwise; nothing is lost."""

from __future__ import annotations

import pytest

from packtune.cli.options import parse_pack_size
from packtune.data.sets.digits import load
from packtune.dispatch.sharing import CapacityByRule, FairShare, fair_share
from packtune.errors import SettingsError
from packtune.models.configuration import Configuration
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.training.calibration import Calibration
from packtune.proposals.packing import pack_capacity
from packtune.settings import Placement, Resources, SearchPlan
from packtune.trial import Pack, Proposal

NARROW, WIDE = Configuration(hidden_units=10), Configuration(hidden_units=100)


def settled(**plan):
    return SearchPlan(**plan).settle(precision=Precision.FLOAT32, lookahead=4)


def pack_of(number, *configurations):
    proposals = (Proposal(number=10 * number + i, configuration=c, seed=i) for i, c in enumerate(configurations))
    return Pack(number=number, proposals=tuple(proposals))


class Share:
    """A `FairShare` whose clock is given, and what it measured and said."""

    def __init__(self, step_s, *, workers=2, begun=()):
        self.measured, self.said = [], []

        def measure(configurations):
            self.measured.append(list(configurations))
            return Calibration(step_s=step_s)

        share = FairShare(load(), workers, measure, lambda pack: pack.number in begun, self.said.append)
        self.size, self.longest = share.part_size, share.longest


def test_the_rule_is_said_once_for_every_shape():
    said = []
    capacity = CapacityByRule(Device.CPU, said.append, SearchPlan().description)
    assert [capacity(c) for c in (NARROW, WIDE, WIDE)] == [pack_capacity(c, Device.CPU) for c in (NARROW, WIDE, WIDE)]
    assert said == [
        "Packs of mlp, depth 1, batch_size 32, hidden_units 9 to 16: up to 32 members (by rule).",
        "Packs of mlp, depth 1, batch_size 32, hidden_units 65 to 128: up to 5 members (by rule).",
    ]


EVEN = {4: 1e-6, 2: 1e-6, 1: 1e-6}


@pytest.mark.parametrize(
    ("workers", "step_s", "size"),
    [
        (2, EVEN, 2),
        (3, EVEN, 2),  # of four parts, one would have to wait
        (4, EVEN, 1),
        (9, EVEN, 1),
        (2, {4: 1e-6, 2: 1.2e-6, 1: 1.9e-6}, 2),
        (2, {4: 1e-6, 2: 1.95e-6, 1: 4e-6}, 4),  # halves would end as late as the whole
        (2, {4: 1e-6, 1: 1.1e-6}, 1),  # halves are not the same to the byte
        (2, {4: 1e-6}, 4),
        (3, {4: 1e-6, 2: 1e-6, 1: 1.4e-6}, 2),  # of four parts, one would have to wait
        (1, EVEN, 4),
    ],
)
def test_the_last_pack_is_split_as_it_ends_first(workers, step_s, size):
    share = Share(step_s, workers=workers)
    assert share.size(pack_of(3, *[WIDE] * 4), []) == size
    assert len(share.said) == (size < 4)


def test_what_is_done_is_said():
    share = Share({4: 1e-6, 2: 1.2e-6})
    share.size(pack_of(3, *[WIDE] * 4), [])
    assert share.said == [
        "Trials 30 to 33 are trained in parts of 2: otherwise a worker would be idle (measured: µs of a step and "
        "member 1 with 4, 1 with 2; the results are the same to the byte)."
    ]


def test_nothing_is_measured_while_the_others_have_enough_to_do():
    share = Share(EVEN)
    pack, other = pack_of(0, *[WIDE] * 4), pack_of(1, *[WIDE] * 4)
    assert share.size(pack, [(other, 1.0)]) == 4
    assert not share.measured
    assert share.size(pack, [(other, 0.1)]) < 4
    assert share.measured == [[WIDE] * 4]


def test_a_pack_that_can_go_on_from_a_checkpoint_stays_whole():
    share = Share(EVEN, begun={3})
    assert share.size(pack_of(3, *[WIDE] * 4), []) == 4
    assert share.size(pack_of(2, *[WIDE] * 4), []) == 2


def test_what_differs_by_its_rates_only_is_measured_once():
    share = Share(EVEN)
    faster = Configuration(hidden_units=100, learning_rate=0.3)
    with_momentum = Configuration(hidden_units=100, momentum=0.5)
    for configuration in (WIDE, faster, with_momentum, Configuration(hidden_units=100, momentum=0.9)):
        share.size(pack_of(0, *[configuration] * 4), [])
    assert share.measured == [[WIDE] * 4, [with_momentum] * 4]


@pytest.mark.parametrize(
    ("device", "size", "shares"), [(Device.CPU, None, True), (Device.CPU, 4, False), (Device.CUDA, None, False)]
)
def test_packs_stay_whole_on_a_gpu_and_where_their_size_was_asked_for(device, size, shares):
    placement = Placement(device=device, workers=2, at_hand=2, cpus_per_worker=1, gpus_per_worker=0)
    found = fair_share(settled(pack_size=size), Resources(), load(), placement, lambda pack: False, print)
    assert (found is not None) is shares
    if found is not None:
        assert 1 <= found.part_size(pack_of(0, *[NARROW] * 8), []) <= 8


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:6379"])
def test_packs_stay_whole_on_a_cluster_whose_processors_are_not_known(address):
    placement = Placement(device=Device.CPU, workers=2, at_hand=2, cpus_per_worker=1, gpus_per_worker=0)
    assert fair_share(settled(), Resources(address=address), load(), placement, lambda pack: False, print) is None


def test_the_longest_pack_is_the_one_with_most_to_compute():
    large_batch = Configuration(hidden_units=10, batch_size=128)
    packs = [pack_of(n, *c) for n, c in enumerate(([NARROW], [WIDE, WIDE], [WIDE], [large_batch], [WIDE, WIDE]))]
    longest = Share(EVEN).longest
    assert longest(packs) == packs[1]
    assert longest(packs[2:4]) == packs[2]
    assert longest([packs[3], packs[0]]) == packs[0]  # it takes four times as many steps


def test_a_network_that_cannot_be_built_is_left_to_its_worker():
    impossible = Configuration(architecture="cnn", blocks=4, kernel_size=7)
    possible = pack_of(0, NARROW)
    share = Share(EVEN)
    assert share.longest([pack_of(1, impossible), possible]) == possible

    def measure(configurations):
        raise ValueError("a cnn of 4 blocks leaves no pixel")

    of_workers = FairShare(load(), 2, measure, lambda pack: False, lambda text: None)
    assert of_workers.part_size(pack_of(1, impossible, impossible), []) == 2


def test_the_option_is_a_number_or_auto():
    assert parse_pack_size("auto") is None
    assert parse_pack_size("7") == 7
    with pytest.raises(SettingsError, match="give auto, or a whole number from 1"):
        parse_pack_size("many")
