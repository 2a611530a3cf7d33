"""The activation functions by name: the plain PyTorch module, and the hand-written forward and backward functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

aten = torch.ops.aten
LEAKY_SLOPE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """An elementwise function with f(0) = 0, so that padded units stay at zero.

    Attributes:
        module: makes the plain PyTorch module.
        forward: input -> output, any shape.
        backward: (gradient of the output, input, output) -> gradient of the input, all of one shape.
        commutes_with_max_pooling: whether max-pooling before the function gives the same bytes, forward and backward,
            as max-pooling after it.
        is_exact: whether the function only compares, or multiplies once. The output for a number then has the same
            bytes at any index of a tensor.
    """

    module: Callable[[], nn.Module]
    forward: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor, Tensor], Tensor]
    commutes_with_max_pooling: bool = False
    is_exact: bool = False


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(
        module=nn.Identity,
        forward=lambda x: x,
        backward=lambda grad, x, y: grad,
        is_exact=True,
    ),
    "relu": Activation(
        module=nn.ReLU,
        forward=torch.relu,
        backward=lambda grad, x, y: aten.threshold_backward(grad, y, 0),
        commutes_with_max_pooling=True,
        is_exact=True,
    ),
    "leaky_relu": Activation(
        module=lambda: nn.LeakyReLU(LEAKY_SLOPE),
        forward=lambda x: functional.leaky_relu(x, LEAKY_SLOPE),
        backward=lambda grad, x, y: aten.leaky_relu_backward(grad, x, LEAKY_SLOPE, False),
        is_exact=True,
    ),
    "gelu": Activation(
        module=nn.GELU,
        forward=functional.gelu,
        backward=lambda grad, x, y: aten.gelu_backward(grad, x),
    ),
    "silu": Activation(
        module=nn.SiLU,
        forward=functional.silu,
        backward=lambda grad, x, y: aten.silu_backward(grad, x),
    ),
    "tanh": Activation(
        module=nn.Tanh,
        forward=torch.tanh,
        backward=lambda grad, x, y: aten.tanh_backward(grad, y),
    ),
    "elu": Activation(
        module=nn.ELU,
        forward=functional.elu,
        backward=lambda grad, x, y: aten.elu_backward(grad, 1.0, 1.0, 1.0, False, x),
    ),
}

_NAMES: dict[type[nn.Module], str] = {type(entry.module()): name for name, entry in ACTIVATIONS.items()}


def is_activation(module: nn.Module) -> bool:
    """Tell whether `module` is the module of an entry of `ACTIVATIONS`."""
    return type(module) in _NAMES


def activation_of(module: nn.Module) -> Activation:
    """Find the entry of `ACTIVATIONS` for a plain PyTorch activation module.

    Raises:
        KeyError: the module is of another type.
    """
    return ACTIVATIONS[_NAMES[type(module)]]
