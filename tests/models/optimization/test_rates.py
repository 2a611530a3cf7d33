"""Learning rates by step: against the schedulers of torch, and at the ends."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from packtune.models.configuration import SCHEDULE_NAMES, Configuration
from packtune.models.optimization.rates import Rates
from packtune.models.optimization.schedules import SCHEDULES, rate_factors
from packtune.models.optimization.step_numbers import StepNumbers
from tests.models.plain_optimizers import plain_scheduler

CONFIGURATIONS = [
    Configuration(schedule=schedule, warmup=warmup, drops=drops, drop_factor=0.3)
    for schedule in SCHEDULE_NAMES
    for warmup in (0.0, 0.1, 0.5)
    for drops in (1, 3)
]


def plain_rates(configuration, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=configuration.learning_rate)
    scheduler = plain_scheduler(configuration, optimizer, total)
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)


@pytest.mark.parametrize("total", [10, 37, 60])
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda c: f"{c.schedule}-{c.warmup}-{c.drops}")
def test_rates_are_those_of_the_schedulers_of_torch(configuration, total):
    rates = Rates([configuration], [1], total).of(0).expand(total, 1)[:, 0]
    torch.testing.assert_close(rates, plain_rates(configuration, total), rtol=1e-9, atol=1e-12)


def test_the_catalogue_has_the_names_of_the_configuration():
    assert tuple(SCHEDULES) == SCHEDULE_NAMES


def test_epochs_follow_each_other_and_members_have_their_own():
    members = [Configuration(schedule="cosine"), Configuration(learning_rate=0.5), Configuration(warmup=0.25)]
    whole = Rates(members, [1] * 3, 40).of(0)
    parts = Rates(members, [4] * 3, 10)
    assert torch.equal(torch.cat([parts.of(epoch) for epoch in range(4)]), whole)
    assert torch.equal(parts.numbers_of_steps(2), torch.arange(21.0, 31.0, dtype=torch.float64))
    kept = Rates(members, [4, 2, 3], 10).keep([2, 0])
    alone = [Rates([members[2]], [3], 10), Rates([members[0]], [4], 10)]
    assert torch.equal(kept.of(1), torch.cat([each.of(1) for each in alone], dim=1))


def test_a_longer_plan_is_another_schedule():
    short, long = (Rates([Configuration(schedule="cosine")], [epochs], 10).of(0) for epochs in (3, 30))
    assert torch.all(long[1:] > short[1:])


def test_constant_rates_are_one_row():
    assert Rates([Configuration(), Configuration(learning_rate=0.5)], [1, 1], 10).of(7).tolist() == [[0.1, 0.5]]


def test_a_training_longer_than_its_schedule_is_refused():
    rates = Rates([Configuration(), Configuration(schedule="step")], [1, 2], 10)
    rates.of(1)
    with pytest.raises(
        ValueError, match="schedule step of a member was planned for 2 epochs, and epoch 3 is asked for"
    ):
        rates.of(2)


@given(
    st.sampled_from(CONFIGURATIONS),
    st.floats(0, 0.9),
    st.integers(1, 300),
)
def test_factors_are_above_zero_and_at_most_one(configuration, warmup, total):
    made = Configuration(**{**configuration.as_dict(), "warmup": warmup})
    factors = rate_factors(made, torch.arange(total, dtype=torch.float64), total)
    assert factors.shape == (total,)
    assert torch.all((factors > 0) & (factors <= 1))
    assert factors.max() == 1 or total < 4 or made.schedule in ("one-cycle", "step")


def test_numbers_on_a_device_stay_where_they_are():
    """The path of a GPU on the device "meta", whose tensors have no values: it may ask for none."""
    numbers = StepNumbers(torch.device("meta"))
    numbers.load(torch.zeros(5, 2, 3, dtype=torch.float64))
    table, row = numbers._table, numbers._row
    assert [tensor.shape for tensor in numbers.advance()] == [(3,), (3,)]
    numbers.load(torch.ones(5, 2, 3, dtype=torch.float64))
    assert numbers._table is table
    assert numbers._row is row


@pytest.mark.parametrize("on_device", [False, True])
def test_each_step_reads_the_next_row(on_device):
    numbers = StepNumbers(torch.device("cpu"))
    numbers._counts_on_device = on_device
    for epoch in range(2):
        table = torch.arange(24, dtype=torch.float64).view(4, 2, 3) + epoch
        numbers.load(table)
        assert [torch.stack(numbers.advance()).tolist() for _ in range(4)] == table.tolist()
    numbers.load(table[:1])
    assert [torch.stack(numbers.advance()).tolist() for _ in range(3)] == table[:1].tolist() * 3
