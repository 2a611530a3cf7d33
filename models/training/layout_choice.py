"""How the networks of a pack become packed layers: chosen by rule, and compared with the plain networks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from packtune.models.modules.calls import MIN_MEMBERS, Way
from packtune.models.modules.parts import WHOLE, Layout, parts_of
from packtune.models.modules.randomness import EVALUATION_SEED, seeded
from packtune.models.modules.stacking import tensors_of
from packtune.models.optimization.gradient import Gradient
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter
from packtune.models.packed_network import PackedNetwork
from packtune.models.training.plain_step import PlainForward, PlainStep, new_seeds, plain_forward, plain_step, step_seed

TOLERANCE = 1e-3
"""Largest difference of a tensor to the plain network's, as a share of its largest number. Rounding makes some 1e-6."""
SMALLEST = 1e-6
"""A tensor whose largest number is below this counts as if that were its largest."""
SMALL_SHARE = 0.1
"""The same of a gradient, as a share of the largest number in all gradients."""

MOST_SAVED = 200_000
"""Numbers that a member keeps for its backward pass. With more, calls at once gain nothing: a processor then spends its
time on the numbers and not on calls, and those of all members do not fit in its cache."""
FALLBACK = "batching rule for "
"""In PyTorch's warning that a function is called for one member after another."""
CHECKED = 2
"""Members of the pack that is compared with the plain networks."""
CHECKED_EXAMPLES = 8
"""Examples of the step that is compared: what a network computes for one does not hang on how many there are."""

MakeNetwork = Callable[[int], nn.Module]
"""Builds the plain network from a seed of its weights, the same each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How the networks of a pack are trained.

    Attributes:
        reason: why, in words.
    """

    layout: Layout
    reason: str

    def for_members(self, members: int) -> Choice:
        """Give the choice for a number of members."""
        if self.layout.is_known or self.layout.way is Way.SEPARATE or members >= MIN_MEMBERS:
            return self
        layout = replace(self.layout, way=Way.SEPARATE)
        return replace(self, layout=layout, reason=f"a pack of fewer than {MIN_MEMBERS} members is faster so")

    def __str__(self) -> str:
        return f"{KNOWN if self.layout.is_known else self.layout.way} ({self.reason})"


KNOWN = "by packed layers"
AT_ONCE = "torch.func calls all members at once"


def choose_layout(make: MakeNetwork, inputs: Tensor, outputs: int, batch: int) -> Choice:
    """Choose how networks are trained: the same for the same networks and shapes on one kind of machine.

    One step of a small pack is compared with that of the plain networks: outputs, gradients and buffers.

    Args:
        inputs: examples, float32 [`CHECKED_EXAMPLES`, *input_shape].
        outputs: logits of the networks.
        batch: examples of a mini-batch.

    Raises:
        ValueError: the networks cannot be trained in a pack.
    """
    gradient = _example_gradient(len(inputs), outputs, inputs.device)
    network = make(0)
    first = plain_step(network, inputs, gradient)
    parts = tuple(parts_of(network, inputs))
    plain = [_without_dropout_step(make, seed, first, inputs, gradient) for seed in range(CHECKED)]
    compare = partial(_difference, make, plain=plain, inputs=inputs, gradient=gradient, room=network)
    if all(part.is_known for part in parts):
        if not compare(Layout(parts=parts)):
            return Choice(layout=Layout(parts=parts), reason="packs know all of its layers")
        parts = (WHOLE,)
    _check_repeats(make(0), first, inputs)
    half = plain_forward(network, inputs[: len(inputs) // 2])
    why = _why_not_at_once(half, first, batch)
    for way in (Way.SEPARATE,) if why else (Way.VECTORISED, Way.SEPARATE):
        for divided in dict.fromkeys((parts, (WHOLE,))):
            layout = Layout(parts=divided, way=way, draws=first.draws)
            if not (unlike := compare(layout)):
                return Choice(layout=layout, reason=AT_ONCE if way is Way.VECTORISED else why)
            why = why or unlike
    raise ValueError(f"the network does not train alike twice: {unlike}")


def _why_not_at_once(half: PlainForward, step: PlainStep, batch: int) -> str:
    """Say why calls at once would be slower; empty if they are not.

    Args:
        half, step: with half of the examples, and with all.
        batch: examples of a mini-batch.
    """
    of_example = (step.saved - half.saved) / (len(step.logits) - len(half.logits))
    saved = round(step.saved + of_example * (batch - len(step.logits)))
    if saved <= MOST_SAVED or step.attends:
        return ""
    return f"its numbers would not fit in the processor's cache: {saved:,} of each member"


def _without_dropout_step(
    make: MakeNetwork, seed: int, first: PlainStep, inputs: Tensor, gradient: Tensor
) -> PlainStep:
    """Compute the step of the network of a seed without dropout; `first` is that of seed 0 with dropout."""
    network = make(seed)
    has_dropout = any(isinstance(module, nn.Dropout) and module.p > 0 for module in network.modules())
    return first if seed == 0 and not has_dropout else plain_step(without_dropout(network), inputs, gradient)


def compute_alike(networks: Sequence[nn.Module], inputs: Tensor, outputs: int) -> bool:
    """Tell whether networks compute the same from the same weights and inputs, if dropout is turned off.

    Their hyperparameters may differ in what is no weight. The networks are changed.
    """
    gradient = _example_gradient(len(inputs), outputs, inputs.device)
    first = plain_step(without_dropout(networks[0]), inputs, gradient)
    weights = networks[0].state_dict()
    for network in networks[1:]:
        network.load_state_dict(weights)
        if not torch.equal(plain_step(without_dropout(network), inputs, gradient).logits, first.logits):
            return False
    return True


def without_dropout(network: nn.Module) -> nn.Module:
    """Turn off the dropout layers of a network: packed ones may draw other numbers than plain ones."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def _example_gradient(batch: int, outputs: int, device: torch.device) -> Tensor:
    """Make a gradient of logits of which all numbers differ, float32 [batch, outputs], as large as in training."""
    return torch.linspace(-1, 1, batch * outputs, device=device).view(batch, outputs).sin() / batch


def _check_repeats(network: nn.Module, first: PlainStep, inputs: Tensor) -> None:
    if not torch.equal(first.logits, plain_forward(network, inputs).logits):
        raise ValueError(
            "the network gives other numbers for the same weights, inputs and torch.manual_seed: draw all random "
            "numbers with PyTorch's functions, and build each network afresh"
        )


def _difference(
    make: MakeNetwork,
    layout: Layout,
    *,
    plain: Sequence[PlainStep],
    inputs: Tensor,
    gradient: Tensor,
    room: nn.Module,
) -> str:
    """Say in what a pack differs from the plain networks; empty if in nothing but rounding.

    Args:
        room: one more network, for the tensors of a member; overwritten.
    """
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = _packed_steps(make, layout, inputs, gradient, room)
    except Exception as error:  # user's code under torch.func may raise anything
        return f"it cannot be called at once: {_first_sentence(error)}"
    if slow := [str(each.message) for each in said if FALLBACK in str(each.message)]:
        return f"a function in it cannot be called at once: {slow[0].partition(FALLBACK)[2].split()[0].rstrip('.')}"
    for ours, theirs in zip(found, plain, strict=True):
        if name := _first_unlike(ours, theirs):
            return f"called at once, its members would not have the {name} that they have alone"
    return ""


def _first_sentence(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    return re.split(r"\. |, please", text)[0][:200].rstrip(".")


class _Gradients(Optimizer):
    """Takes the place of an optimizer: collects the gradients, and updates nothing."""

    def __init__(self) -> None:
        self.found: dict[int, Tensor] = {}

    def begin_epoch(self, epoch: int) -> None:
        """Do nothing."""

    def begin_step(self) -> None:
        """Do nothing."""

    def end_step(self) -> None:
        """Do nothing."""

    def keep(self, indices: Tensor) -> None:
        """Do nothing."""

    def update(self, parameter: Parameter, gradient: Gradient) -> None:
        self.found[id(parameter)] = gradient.dense().clone()


def _packed_steps(
    make: MakeNetwork, layout: Layout, inputs: Tensor, gradient: Tensor, room: nn.Module
) -> list[PlainStep]:
    """Compute one step of a pack, for each member as in `plain_step`, without dropout."""
    networks = [without_dropout(make(seed)) for seed in range(CHECKED)]
    members, gradients = len(networks), _Gradients()
    # The modules of all members at once go on with the random numbers of the plain network, part by part.
    draws = layout.draws and layout.way is Way.SEPARATE
    network = PackedNetwork(
        networks, device=inputs.device, generator=new_seeds(inputs.device), layout=replace(layout, draws=draws)
    )
    with seeded(step_seed(inputs.device), inputs.device):
        logits = network.forward(inputs, training=True)
    network.backward(gradient.t().expand(members, -1, -1).contiguous(), gradients)
    with seeded(EVALUATION_SEED, inputs.device):
        evaluated = network.forward(inputs, training=False)
    for parameter in network.parameters():
        parameter.value = gradients.found.get(id(parameter), torch.zeros_like(parameter.value))
    trained = {name for name, tensor in tensors_of(room).items() if tensor.requires_grad}
    steps = []
    for index in range(members):
        named = {name: tensor.detach().clone() for name, tensor in tensors_of(network.unpack(index, room)).items()}
        steps.append(
            PlainStep(
                logits=logits[index].t(),
                evaluated=evaluated[index].t(),
                gradients={name: tensor for name, tensor in named.items() if name in trained},
                state={name: tensor for name, tensor in named.items() if name not in trained},
                draws=layout.draws,
                saved=0,
            )
        )
    return steps


def _first_unlike(ours: PlainStep, plain: PlainStep) -> str:
    """Name the first tensor that differs by more than rounding."""
    # A gradient that is zero but for rounding, as of a bias before a normalization, has no size of its own.
    smallest = SMALL_SHARE * max(map(_largest, plain.gradients.values()))
    for name, gradient in plain.gradients.items():
        if not _alike(ours.gradients[name], gradient, smallest):
            return f"gradient of {name}"
    pairs = [("outputs", ours.logits, plain.logits), ("outputs in evaluation", ours.evaluated, plain.evaluated)]
    pairs += [(f"buffer {name}", ours.state[name], plain.state[name]) for name in plain.state]
    return next((name for name, one, other in pairs if not _alike(one, other, SMALLEST)), "")


def _alike(one: Tensor, other: Tensor, smallest: float) -> bool:
    if not other.is_floating_point():
        return torch.equal(one, other)
    within = TOLERANCE * max(_largest(other), smallest)
    return bool(torch.isclose(one, other, rtol=0, atol=within, equal_nan=True).all())


def _largest(tensor: Tensor) -> float:
    return float(tensor.abs().nan_to_num().max()) if tensor.numel() else 0.0
