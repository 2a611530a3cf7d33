"""One step of a plain network, by PyTorch's own autograd: what packs of modules are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from packtune.models.modules.attention import WatchedAttention, attention_by
from packtune.models.modules.randomness import EVALUATION_SEED, draw_seed, generator_of, seeded
from packtune.models.modules.stacking import check_types, tensors_of


def new_seeds(device: torch.device) -> torch.Generator:
    """Make the generator of the seeds of a compared step."""
    return torch.Generator(device).manual_seed(0)


def step_seed(device: torch.device) -> int:
    """Give the first seed of `new_seeds`: of the random numbers of a compared step."""
    return draw_seed(new_seeds(device))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainForward:
    """What a plain network computes for a batch in its forward pass in training.

    Attributes:
        logits: what the network gives, with the graph of its gradients.
        draws, saved, attends: see `PlainStep`.
    """

    logits: Tensor
    draws: bool
    saved: int
    attends: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainStep:
    """What a plain network computes for a batch.

    Attributes:
        logits: float32 [batch, outputs], in training.
        evaluated: the same in evaluation.
        gradients: of the tensors that are trained, by name; zero for one that was not used.
        state: all other tensors after the step, by name.
        draws: whether training draws random numbers.
        saved: numbers that the forward pass keeps for the backward pass.
        attends: whether it calls attention, which plain products compute faster for all members at once.
    """

    logits: Tensor
    evaluated: Tensor
    gradients: dict[str, Tensor]
    state: dict[str, Tensor]
    draws: bool
    saved: int
    attends: bool = False


def plain_step(network: nn.Module, inputs: Tensor, gradient: Tensor) -> PlainStep:
    """Compute one step of a network, which keeps its weights. Its buffers change as in training.

    Args:
        inputs: float32 [batch, *input_shape].
        gradient: of the logits, float32 [batch, outputs].

    Raises:
        ValueError: the network gives something else than float32 [batch, outputs].
    """
    forward = plain_forward(network, inputs)
    check_logits(forward.logits, gradient.shape)
    named = tensors_of(network)
    trained = {name: tensor for name, tensor in named.items() if tensor.requires_grad}
    return PlainStep(
        logits=forward.logits.detach(),
        gradients=_gradients(forward.logits, trained, gradient),
        state={name: tensor.detach().clone() for name, tensor in named.items() if name not in trained},
        evaluated=_evaluate(network, inputs),
        draws=forward.draws,
        saved=forward.saved,
        attends=forward.attends,
    )


def plain_forward(network: nn.Module, inputs: Tensor) -> PlainForward:
    """Call a network as in the first half of `plain_step`.

    Raises:
        ValueError: it has a weight that packs cannot train.
    """
    saved: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        saved.append(tensor.numel())
        return tensor

    check_types(tensors_of(network))
    watched = WatchedAttention()
    network.train()
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        seeded(step_seed(inputs.device), inputs.device),
        attention_by(watched),
    ):
        before = generator_of(inputs.device).get_state()
        logits = network(inputs)
        draws = not torch.equal(before, generator_of(inputs.device).get_state())
    return PlainForward(logits=logits, draws=draws, saved=sum(saved), attends=watched.called)


def check_logits(logits: object, expected: torch.Size) -> None:
    """Make sure that a network gives logits.

    Raises:
        ValueError: they are no tensor, or have another shape or type.
    """
    wanted = f"[batch, outputs], here {list(expected)}"
    if not isinstance(logits, Tensor):
        raise ValueError(f"the network must give a tensor {wanted}, but gives {type(logits).__name__}")
    if logits.shape != expected:
        raise ValueError(f"the network must give logits {wanted}, but gives {list(logits.shape)}: see its last layer")
    if logits.dtype is not torch.float32:
        raise ValueError(f"the network must give float32 logits, but gives {logits.dtype}")


def _gradients(logits: Tensor, trained: dict[str, Tensor], gradient: Tensor) -> dict[str, Tensor]:
    if not trained or not logits.requires_grad:
        raise ValueError("the network has no weight to be trained: all have requires_grad=False, or none is used")
    with torch.inference_mode(False):
        found = torch.autograd.grad(logits, list(trained.values()), gradient, allow_unused=True)
    return {
        name: torch.zeros_like(tensor) if each is None else each
        for (name, tensor), each in zip(trained.items(), found, strict=True)
    }


def _evaluate(network: nn.Module, inputs: Tensor) -> Tensor:
    network.eval()
    with torch.inference_mode(False), torch.no_grad(), seeded(EVALUATION_SEED, inputs.device):
        logits: Tensor = network(inputs)
    return logits.detach()
