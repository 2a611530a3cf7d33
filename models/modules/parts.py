"""The parts of a plain network: layers that packs know, and what lies between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from packtune.models.layers.activations import activation_of, is_activation
from packtune.models.layers.conv2d import PackedConv2d
from packtune.models.layers.normalization.batch_norm import PackedBatchNorm
from packtune.models.layers.normalization.layer_norm import PackedLayerNorm
from packtune.models.modules.calls import Way
from packtune.models.modules.form import Form, form_of

PLAIN_POOLING = nn.MaxPool2d(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of layers of a `Sequential`, or an entire network.

    Attributes:
        start, stop: its layers; both 0 for an entire network.
        is_known: whether it is a single layer that packs know.
        before, after: the form of the values before and after it.
    """

    start: int = 0
    stop: int = 0
    is_known: bool = False
    before: Form = Form.SHARED
    after: Form = Form.UNITS

    def of(self, network: nn.Module) -> nn.Module:
        """Take the part out of a network: a layer, or a `Sequential` of layers, with the same tensors."""
        if self.stop == 0:
            return network
        assert isinstance(network, nn.Sequential)
        layers = list(network)[self.start : self.stop]
        return layers[0] if self.is_known else nn.Sequential(*layers)


WHOLE = Part()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the networks of a pack become packed layers.

    Attributes:
        way: how the modules are called that packs do not know.
        draws: whether these draw random numbers in training.
    """

    parts: tuple[Part, ...]
    way: Way = Way.VECTORISED
    draws: bool = False

    @property
    def is_known(self) -> bool:
        """Tell whether packs know all layers."""
        return all(part.is_known for part in self.parts)


def parts_of(network: nn.Module, inputs: Tensor) -> list[Part]:
    """Divide a network into the layers that packs know, and parts that they do not.

    Args:
        network: called once in evaluation mode, layer by layer, if it is a `Sequential`.
        inputs: an example, float32 [batch, *input_shape].
    """
    if type(network) is not nn.Sequential or _has_hooks(network) or _shares_tensors(network):
        return [WHOLE]
    form, parts = Form.SHARED, list[Part]()
    with torch.no_grad():
        for index, layer in enumerate(network.eval()):
            known = is_known(layer, form, inputs)
            inputs = layer(inputs)
            after = _after(layer, form, inputs, known=known)
            parts.append(Part(start=index, stop=index + 1, is_known=known, before=form, after=after))
            form = after
    return _join(parts)


def is_known(layer: nn.Module, form: Form, inputs: Tensor) -> bool:
    """Tell whether packs have a layer of their own for a layer on values of a form, of which `inputs` are one member's.

    A layer of a known type counts only with the settings that its packed form has.
    """
    if _has_hooks(layer) or not all(p.requires_grad and p.dtype is torch.float32 for p in layer.parameters()):
        return False
    is_image = inputs.dim() == 4
    if is_activation(layer):
        return form in (Form.UNITS, Form.MAPS) and _settings(layer) == _settings(activation_of(layer).module())
    if type(layer) is nn.Linear:
        return form in (Form.SHARED, Form.UNITS) and inputs.dim() == 2
    if type(layer) is nn.Flatten:
        return (layer.start_dim, layer.end_dim) == (1, -1) and form in (Form.SHARED, Form.MAPS)
    if type(layer) is nn.Dropout:
        return form is Form.UNITS
    if type(layer) is nn.Conv2d:
        return is_image and PackedConv2d.supports(layer, shared_input=form is Form.SHARED)
    if type(layer) in (nn.BatchNorm1d, nn.BatchNorm2d):
        return form in (Form.UNITS, Form.MAPS) and PackedBatchNorm.supports(layer)
    if type(layer) in (nn.LayerNorm, nn.GroupNorm):
        return form in (Form.UNITS, Form.MAPS) and PackedLayerNorm.supports(layer, on_maps=form is Form.MAPS)
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return form is Form.MAPS and layer.output_size == 1
    return type(layer) is nn.MaxPool2d and is_image and form is not Form.OTHER and _is_plain_pooling(layer)


def _is_plain_pooling(layer: nn.MaxPool2d) -> bool:
    return all(getattr(layer, name) == getattr(PLAIN_POOLING, name) for name in ("dilation", "ceil_mode"))


def _settings(layer: nn.Module) -> str:
    return layer.extra_repr().replace(", inplace=True", "").replace("inplace=True", "")


def _after(layer: nn.Module, form: Form, output: Tensor, *, known: bool) -> Form:
    is_shared = known and form is Form.SHARED and not list(layer.parameters())
    return Form.SHARED if is_shared else form_of(output)


def _join(parts: Sequence[Part]) -> list[Part]:
    """Join neighbours that packs do not know."""
    joined: list[Part] = []
    for part in parts:
        if joined and not part.is_known and not joined[-1].is_known:
            last = joined.pop()
            part = Part(start=last.start, stop=part.stop, before=last.before, after=part.after)
        joined.append(part)
    return joined


def _has_hooks(module: nn.Module) -> bool:
    hooks = (each._forward_hooks or each._forward_pre_hooks or each._backward_hooks for each in module.modules())
    return any(hooks)


def _shares_tensors(network: nn.Sequential) -> bool:
    """Tell whether two layers have a tensor in common."""
    used = Counter(id(tensor) for layer in network for tensor in {*layer.parameters(), *layer.buffers()})
    return any(n > 1 for n in used.values())
