"""The packed layer around any module: autograd computes its gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.models.layers.packed_layer import PackedLayer
from packtune.models.modules.calls import CALLS, MIN_MEMBERS, Way
from packtune.models.modules.form import Form, as_form, by_member
from packtune.models.modules.randomness import EVALUATION_SEED, draw_seed
from packtune.models.modules.stacking import stack, tensors_of
from packtune.models.optimization.gradient import DenseGradient
from packtune.models.optimization.optimizer import Optimizer
from packtune.models.optimization.parameter import Parameter


class ModuleLayer(PackedLayer):
    """A module of each member, of any type. All members draw the same random numbers, as packed dropout does.

    The gradient of a weight that a step has not used is zero.

    Args:
        modules: one of each member, with the same tensors; they are used, and changed.
        way: how they are called.
        form: of the values before the modules, and after them.
        device: where the tensors are.
        generator: source of the seeds of random numbers, on `device`; none if the modules draw none.

    Raises:
        ValueError: the modules do not have the same tensors, or one cannot be trained.
    """

    def __init__(
        self,
        modules: Sequence[nn.Module],
        way: Way,
        form: tuple[Form, Form],
        device: torch.device,
        generator: torch.Generator | None,
    ) -> None:
        self._way = way
        self._before, self._after = form
        self._generator = generator
        with torch.inference_mode(False):
            self._stacked = stack(modules, device)
            self._modules = [module.to(device) for module in modules]
            self._calls = CALLS[self._way](self._modules, self._stacked)

    def forward(self, values: Tensor, *, training: bool) -> Tensor:
        own = by_member(values, self._before, len(self._modules)).float()
        seed = self._seed(training=training)
        with torch.inference_mode(False):
            inputs = own.clone() if own.is_inference() else own  # autograd refuses tensors of inference mode
            output = self._calls(inputs, shared=self._before is Form.SHARED, training=training, seed=seed)
            return as_form(output, self._after)

    def _seed(self, *, training: bool) -> int | None:
        if self._generator is None:
            return None
        return draw_seed(self._generator) if training else EVALUATION_SEED

    def backward(self, gradient: Tensor, optimizer: Optimizer, *, needs_input: bool) -> Tensor | None:
        with torch.inference_mode(False):
            gradients, below = self._calls.gradients(by_member(gradient, self._after, len(self._modules)))
            below = None if below is None or not needs_input else as_form(below, self._before).clone()
        taken: set[int] = set()
        for parameter, found in zip(self._stacked.trained.values(), gradients, strict=True):
            optimizer.update(parameter, DenseGradient(_own(found, parameter, taken)))
        return below

    def keep(self, indices: Tensor) -> None:
        self._modules = [self._modules[index] for index in indices.tolist()]
        if len(self._modules) < MIN_MEMBERS:
            self._way = Way.SEPARATE
        with torch.inference_mode(False):
            self._stacked.keep(indices.clone())
            self._calls = CALLS[self._way](self._modules, self._stacked)

    def unpack(self, index: int, module: nn.Module) -> None:
        rows = self._stacked.tensors_of(index)
        for name, tensor in tensors_of(module).items():
            tensor.copy_(rows[name])

    def state(self) -> list[Tensor]:
        return list(self._stacked.state.values())

    def parameters(self) -> list[Parameter]:
        return list(self._stacked.trained.values())


def _own(gradient: Tensor | None, parameter: Parameter, taken: set[int]) -> Tensor:
    """Give a gradient that an optimizer may overwrite: autograd may give one tensor for several parameters.

    Args:
        taken: the storages of the gradients before it, to which its own is added.
    """
    if gradient is None:
        return parameter.room.zero_()
    storage = gradient.untyped_storage().data_ptr()
    if storage in taken or not gradient.is_contiguous():
        return parameter.room.copy_(gradient)
    taken.add(storage)
    return gradient
