"""Each update rule against torch.optim, on parameters and gradients of any kind."""

from __future__ import annotations

import pytest
import torch

from packtune.models.configuration import OPTIMIZER_NAMES, Configuration
from packtune.models.optimization.catalog import OPTIMIZERS, make_optimizer
from packtune.models.optimization.clipping import Clipping
from packtune.models.optimization.gradient import BatchedProduct, DenseGradient, WideProduct
from packtune.models.optimization.parameter import Parameter
from packtune.models.optimization.rates import Rates
from packtune.models.optimization.rules.adam import Adam, AdamW
from packtune.models.optimization.rules.fused_adam import LARGE, FusedAdam
from packtune.models.optimization.rules.sgd import SGD
from tests.models.plain_optimizers import plain_optimizer, plain_scheduler

CPU = torch.device("cpu")
STEPS, EPOCHS = 17, 3  # 51 steps
SHAPES = ((5, 7), (5,), (3, 5, 2, 2), (1,))

# On a processor, Adam and AdamW are PyTorch's fused steps; the rules for a GPU are the same numbers.
RULES = {**{name: (name, make_optimizer) for name in OPTIMIZERS}, "Adam": ("adam", Adam), "AdamW": ("adamw", AdamW)}
NUMBERS = (
    {"learning_rate": 0.01, "momentum": 0.5},
    {"learning_rate": 0.003, "weight_decay": 0.1, "beta1": 0.8, "beta2": 0.95, "alpha": 0.9, "epsilon": 1e-4},
    {"learning_rate": 0.1, "weight_decay": 0.01, "beta1": 0.0, "beta2": 0.5, "momentum": 0.9, "nesterov": True},
    {"learning_rate": 1e-6, "beta1": 0.99, "beta2": 0.9999, "alpha": 0.9999, "epsilon": 1e-10},
    {"learning_rate": 0.01, "schedule": "cosine", "warmup": 0.2, "weight_decay": 0.2},
)


def configurations(optimizer, numbers=NUMBERS):
    return [Configuration(optimizer=optimizer, **each) for each in numbers]


def rates_of(members, epochs=EPOCHS):
    return Rates(members, [epochs] * len(members), STEPS)


def values_of(members):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(members, *shape, generator=generator) for shape in SHAPES]


def gradients_of(members):
    """Gradients of each step, of very different sizes; some numbers are always exactly zero."""
    generator = torch.Generator().manual_seed(2)
    steps = []
    for _ in range(STEPS * EPOCHS):
        gradients = [
            torch.randn(members, *shape, generator=generator) * 10.0**-place for place, shape in enumerate(SHAPES)
        ]
        gradients[0][:, -1] = 0
        steps.append(gradients)
    return steps


def take_epoch(optimizer, parameters, gradients, epoch):
    optimizer.begin_epoch(epoch)
    for step in gradients[epoch * STEPS : (epoch + 1) * STEPS]:
        optimizer.begin_step()
        for parameter, gradient in zip(parameters, step, strict=True):
            optimizer.update(parameter, DenseGradient(gradient.clone()))
        optimizer.end_step()


def train(make, members, epochs=range(EPOCHS)):
    optimizer = make(rates_of(members), CPU, members)
    parameters = [Parameter(value) for value in values_of(len(members))]
    for epoch in epochs:
        take_epoch(optimizer, parameters, gradients_of(len(members)), epoch)
    return optimizer, parameters


def train_plain(members, member):
    parameters = [torch.nn.Parameter(value[member].clone()) for value in values_of(len(members))]
    optimizer = plain_optimizer(members[member], parameters)
    scheduler = plain_scheduler(members[member], optimizer, STEPS * EPOCHS)
    for step in gradients_of(len(members)):
        for parameter, gradient in zip(parameters, step, strict=True):
            parameter.grad = gradient[member].clone()
        if members[member].gradient_clipping:
            torch.nn.utils.clip_grad_norm_(parameters, members[member].gradient_clipping)
        optimizer.step()
        scheduler.step()
    return parameters


def assert_plain(parameters, members):
    for member in range(len(members)):
        for ours, plain in zip(parameters, train_plain(members, member), strict=True):
            torch.testing.assert_close(ours.value[member], plain.detach(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("rule", RULES)
def test_every_member_is_updated_as_by_torch(rule):
    optimizer, make = RULES[rule]
    members = configurations(optimizer)
    _, parameters = train(make, members)
    assert_plain(parameters, members)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("without", [["weight_decay"], ["weight_decay", "momentum", "nesterov"]], ids=len)
def test_what_no_member_needs_is_not_computed_and_changes_nothing(rule, without):
    optimizer, make = RULES[rule]
    numbers = [{name: value for name, value in each.items() if name not in without} for each in NUMBERS]
    members = configurations(optimizer, numbers)
    _, parameters = train(make, members)
    assert_plain(parameters, members)


@pytest.mark.parametrize("rule", RULES)
def test_gradients_are_clipped_as_by_torch(rule):
    optimizer, make = RULES[rule]
    numbers = [
        each | {"gradient_clipping": norm} for each, norm in zip(NUMBERS, (0.0, 3.0, 0.1, 50.0, 7.5), strict=True)
    ]
    members = configurations(optimizer, numbers)

    def clipped(rates, device, pack):
        made = make(rates, device, pack)
        return made if isinstance(made, Clipping) else Clipping(members, device, made)

    _, parameters = train(clipped, members)
    assert_plain(parameters, members)


@pytest.mark.parametrize("rule", RULES)
def test_weights_without_gradient_and_decay_stay_exactly_as_they_are(rule):
    optimizer, make = RULES[rule]
    members = configurations(optimizer, [{"learning_rate": 0.1}, {"learning_rate": 0.1, "momentum": 0.9}])
    _, parameters = train(make, members)
    assert torch.equal(parameters[0].value[:, -1], values_of(2)[0][:, -1])
    assert all(torch.all(state[:, -1] == 0) for state in parameters[0].states.values())


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("clipping", [0.0, 2.0])
def test_members_kept_in_the_middle_go_on_as_before(rule, clipping):
    optimizer, make = RULES[rule]
    members = configurations(optimizer, [each | {"gradient_clipping": clipping} for each in NUMBERS])
    _, whole = train(make, members)
    made, parameters = train(make, members, range(1))
    kept = torch.tensor([3, 1, 4])
    made.keep(kept)
    for parameter in parameters:
        parameter.keep(kept)
    gradients = [[gradient[kept] for gradient in step] for step in gradients_of(len(members))]
    for epoch in range(1, EPOCHS):
        take_epoch(made, parameters, gradients, epoch)
    for ours, expected in zip(parameters, whole, strict=True):
        assert torch.equal(ours.value, expected.value[kept])


@pytest.mark.parametrize("rule", RULES)
def test_saved_states_go_on_to_the_same_bytes(rule):
    optimizer, make = RULES[rule]
    members = configurations(optimizer)
    _, whole = train(make, members)
    _, saved = train(make, members, range(2))
    made = make(rates_of(members), CPU, members)
    parameters = [Parameter(torch.zeros_like(parameter.value)) for parameter in saved]
    for parameter, other in zip(parameters, saved, strict=True):
        parameter.load(other.value, other.states)
    take_epoch(made, parameters, gradients_of(len(members)), 2)
    assert all(torch.equal(a.value, b.value) for a, b in zip(parameters, whole, strict=True))


@pytest.mark.parametrize("rule", RULES)
def test_a_member_does_not_depend_on_its_pack_mates(rule):
    optimizer, make = RULES[rule]
    members = configurations(optimizer)
    _, whole = train(make, members)
    made = make(rates_of(members[1:2]), CPU, members)
    parameters = [Parameter(value[1:2].clone()) for value in values_of(len(members))]
    gradients = [[gradient[1:2] for gradient in step] for step in gradients_of(len(members))]
    for epoch in range(EPOCHS):
        take_epoch(made, parameters, gradients, epoch)
    for ours, expected in zip(parameters, whole, strict=True):
        torch.testing.assert_close(ours.value[0], expected.value[1], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("columns", [4, LARGE // 6 + 1], ids=["small", "large"])
@pytest.mark.parametrize("kind", [WideProduct, BatchedProduct])
@pytest.mark.parametrize("rule", RULES)
def test_products_are_gradients_too(rule, kind, columns):
    optimizer, make = RULES[rule]
    members = configurations(optimizer, NUMBERS[:3])
    generator = torch.Generator().manual_seed(3)
    trained = []
    for as_product in (True, False):
        generator.manual_seed(3)
        made, parameter = make(rates_of(members), CPU, members), Parameter(torch.ones(3, 6, columns))
        made.begin_epoch(0)
        for _ in range(STEPS):
            left = torch.randn(3, 6, 8, generator=generator)
            right = torch.randn(8, columns, generator=generator)
            right = right if kind is WideProduct else right.expand(3, 8, columns)
            made.begin_step()
            made.update(parameter, kind(left, right) if as_product else DenseGradient(left @ right))
            made.end_step()
        trained.append(parameter.value)
    torch.testing.assert_close(*trained, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [3, LARGE // 32 + 1], ids=["small", "large"])
@pytest.mark.parametrize("rule", RULES)
def test_numbers_may_be_in_another_order_in_memory(rule, channels):
    optimizer, make = RULES[rule]
    members, trained = configurations(optimizer), []
    for memory in (torch.contiguous_format, torch.channels_last):
        made, parameter = make(rates_of(members), CPU, members), Parameter(torch.ones(5, 2, channels, 4, 4))
        made.begin_epoch(0)
        gradient = torch.randn(10, channels, 4, 4, generator=torch.Generator().manual_seed(1))
        for _ in range(STEPS):
            dense = gradient.clone(memory_format=memory).view(5, 2, channels, 4, 4)
            made.begin_step()
            made.update(parameter, DenseGradient(dense))
            made.end_step()
        trained.append(parameter.value)
    assert torch.equal(*trained)


def test_the_catalogue_has_the_names_of_the_configuration():
    assert tuple(OPTIMIZERS) == OPTIMIZER_NAMES


def test_a_pack_has_one_optimizer():
    members = [Configuration(optimizer="adam"), Configuration()]
    with pytest.raises(ValueError, match=r"must have the same optimizer, not \['adam', 'sgd'\]: use a pack for each"):
        make_optimizer(rates_of(members), CPU)


def test_only_packs_with_clipping_pay_for_it():
    plain, clipped = Configuration(), Configuration(gradient_clipping=1.0)
    assert isinstance(make_optimizer(rates_of([plain]), CPU), SGD)
    assert isinstance(make_optimizer(rates_of([plain, clipped]), CPU), Clipping)
    assert isinstance(make_optimizer(rates_of([plain]), CPU, [plain, clipped]), Clipping)
    assert isinstance(make_optimizer(rates_of([Configuration(optimizer="adamw")]), CPU), FusedAdam)


def test_a_member_that_is_not_clipped_is_left_alone_by_one_that_diverges():
    members = [Configuration(gradient_clipping=1.0), Configuration()]
    made, parameter = make_optimizer(rates_of(members), CPU), Parameter(torch.ones(2, 3))
    made.begin_epoch(0)
    made.begin_step()
    made.update(parameter, DenseGradient(torch.tensor([[torch.inf, 1.0, 1.0], [1.0, 1.0, 1.0]])))
    made.end_step()
    assert not parameter.value[0].isfinite().all()
    assert torch.equal(parameter.value[1], torch.full((3,), 0.9))
