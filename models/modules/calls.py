"""The two ways to call the modules of all members: as one module over stacked tensors, or one after another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from enum import StrEnum

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from packtune.models.modules.attention import attention_by, plain_attention
from packtune.models.modules.dropout_rates import unlike_rates, with_rates
from packtune.models.modules.randomness import seeded
from packtune.models.modules.stacking import Stacked, tensors_of

MIN_MEMBERS = 3
"""Fewer members are called one after another sooner than at once, as calls at once cost more each."""


class Way(StrEnum):
    """How the modules of the members are called."""

    VECTORISED = "vectorised"
    SEPARATE = "one by one"


class Calls(ABC):
    """Calls the modules of all members, and computes the gradients of what a call gave.

    Lifecycle: made for some members; then any number of calls. After a call with `training`, one call of `gradients`.
    For other members it is made anew.
    """

    def __init__(self, modules: Sequence[nn.Module], stacked: Stacked) -> None:
        self._modules = list(modules)
        self._stacked = stacked
        self._mode: bool | None = None

    def __call__(self, inputs: Tensor, *, shared: bool, training: bool, seed: int | None) -> Tensor:
        """Call the modules.

        Args:
            inputs: [batch, ...] if `shared`, else [members, batch, ...].
            seed: of PyTorch's random numbers, the same for each member; none if the modules draw none.

        Returns:
            [members, batch, ...], without a graph.
        """
        if training is not self._mode:
            for module in self._modules:
                module.train(training)
            self._mode = training
        with torch.set_grad_enabled(training):
            return self._call(inputs, shared=shared, training=training, seed=seed).detach()

    @abstractmethod
    def _call(self, inputs: Tensor, *, shared: bool, training: bool, seed: int | None) -> Tensor: ...

    @abstractmethod
    def gradients(self, gradient: Tensor) -> tuple[list[Tensor | None], Tensor | None]:
        """Compute the gradients of the last call with `training`, and forget it.

        Args:
            gradient: of the outputs, [members, batch, ...].

        Returns:
            Those of the trained tensors, in their order, none for one that no member has used; and that of the inputs,
            none where members share them.
        """


class VectorisedCalls(Calls):
    """One call of the first member's module for all members, by `torch.func.vmap` over their stacked tensors."""

    def __init__(self, modules: Sequence[nn.Module], stacked: Stacked) -> None:
        super().__init__(modules[:1], stacked)
        self._rates = unlike_rates(modules, stacked.device)

    def _call(self, inputs: Tensor, *, shared: bool, training: bool, seed: int | None) -> Tensor:
        leaves = {name: p.value.detach().requires_grad_(training) for name, p in self._stacked.trained.items()}
        inputs = inputs.detach().requires_grad_(training and not shared)
        call = vmap(self._call_one, in_dims=(0, 0, 0, None if shared else 0), randomness="same")
        with seeded(seed, inputs.device):
            output, state = call(leaves, self._stacked.state, self._rates if training else {}, inputs)
        for name, tensor in state.items():
            _take_over(self._stacked.state, name, tensor)
        if training:
            self._leaves, self._inputs, self._output = list(leaves.values()), None if shared else inputs, output
        return output

    def _call_one(
        self, leaves: dict[str, Tensor], state: dict[str, Tensor], rates: dict[str, Tensor], inputs: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        tensors = {**leaves, **state}
        with attention_by(plain_attention), with_rates(self._modules[0], rates):
            output: Tensor = functional_call(self._modules[0], tensors, (inputs,))
        return output, {name: tensors[name] for name in state}  # a buffer may be another tensor than before

    def gradients(self, gradient: Tensor) -> tuple[list[Tensor | None], Tensor | None]:
        wanted = [*self._leaves, *([] if self._inputs is None else [self._inputs])]
        found = _backward(self._output, gradient, wanted)
        n = len(self._leaves)
        below = None if self._inputs is None else _or_zero(found[n], self._inputs)
        del self._leaves, self._inputs, self._output
        return found[:n], below


class SeparateCalls(Calls):
    """A call of each member's own module. The tensors of the modules are rows of the stacked ones."""

    def __init__(self, modules: Sequence[nn.Module], stacked: Stacked) -> None:
        super().__init__(modules, stacked)
        self._bind()

    def _bind(self) -> None:
        """Let the modules use the stacked tensors: what changes one then changes the other."""
        self._trained: list[list[Tensor]] = []
        self._buffers: list[tuple[dict[str, Tensor | None], str, Tensor]] = []
        for index, module in enumerate(self._modules):
            rows, tensors = self._stacked.tensors_of(index), tensors_of(module)
            for name, tensor in tensors.items():
                tensor.data, tensor.grad = rows[name], None
            self._trained.append([tensors[name] for name in self._stacked.trained])
            self._buffers += [(part._buffers, key, rows[name]) for part, key, name in _buffers_of(module)]

    def _call(self, inputs: Tensor, *, shared: bool, training: bool, seed: int | None) -> Tensor:
        members = range(len(self._modules))
        own = [inputs if shared else inputs[i].detach().requires_grad_(training) for i in members]
        outputs = []
        for module, values in zip(self._modules, own, strict=True):
            with seeded(seed, inputs.device):
                outputs.append(module(values))
        self._take_state()
        if training:
            self._inputs, self._outputs = [] if shared else own, outputs
        return _stack([output.detach() for output in outputs])

    def _take_state(self) -> None:
        """Take over the buffers that a module has replaced by other tensors."""
        for buffers, key, row in self._buffers:
            tensor = buffers[key]
            if tensor is not None and tensor.data_ptr() != row.data_ptr():
                row.copy_(tensor.detach())
                buffers[key] = row

    def gradients(self, gradient: Tensor) -> tuple[list[Tensor | None], Tensor | None]:
        by_member = [self._gradients_of(index, gradient[index]) for index in range(len(self._modules))]
        n = len(self._stacked.trained)
        below = [found[n] for found in by_member] if self._inputs else []
        inputs = self._inputs
        del self._inputs, self._outputs
        trained = [_stack_used([found[k] for found in by_member]) for k in range(n)]
        if not below:
            return trained, None
        return trained, _stack([_or_zero(g, own) for g, own in zip(below, inputs, strict=True)])

    def _gradients_of(self, index: int, gradient: Tensor) -> list[Tensor | None]:
        return _backward(self._outputs[index], gradient, self._trained[index] + self._inputs[index : index + 1])


CALLS: dict[Way, type[Calls]] = {Way.VECTORISED: VectorisedCalls, Way.SEPARATE: SeparateCalls}


def _backward(output: Tensor, gradient: Tensor, leaves: Sequence[Tensor]) -> list[Tensor | None]:
    """Compute the gradients of leaves: faster than `torch.autograd.grad`, which first searches the graph for them."""
    output.backward(gradient)
    found = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    return found


def _buffers_of(module: nn.Module) -> Iterator[tuple[nn.Module, str, str]]:
    """Yield the part that has a buffer, its name there, and its name in the module: each buffer once."""
    names = {id(buffer): name for name, buffer in module.named_buffers()}
    for part in module.modules():
        for key, buffer in part._buffers.items():
            if buffer is not None and id(buffer) in names:
                yield part, key, names.pop(id(buffer))


def _take_over(state: dict[str, Tensor], name: str, tensor: Tensor) -> None:
    tensor = tensor.detach()
    is_same = tensor.data_ptr() == state[name].data_ptr() and tensor.stride() == state[name].stride()
    state[name] = tensor if is_same else tensor.clone(memory_format=torch.contiguous_format)


def _stack_used(gradients: Sequence[Tensor | None]) -> Tensor | None:
    """Stack the gradients of one tensor of each member: zero for a member that has not used it."""
    used = next((gradient for gradient in gradients if gradient is not None), None)
    return None if used is None else _stack([_or_zero(gradient, used) for gradient in gradients])


def _stack(tensors: list[Tensor]) -> Tensor:
    """Stack the tensors of the members; that of a single one is not copied."""
    return torch.stack(tensors) if len(tensors) > 1 else tensors[0].unsqueeze(0)


def _or_zero(gradient: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if gradient is None else gradient
