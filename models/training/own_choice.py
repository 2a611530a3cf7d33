"""How a pack of networks of the user's own is trained: chosen once for each kind of network and shape in a process."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from packtune.errors import NetworkError
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.hardware.threads import torch_threads
from packtune.models.modules.calls import Way
from packtune.models.modules.stacking import check_types, tensors_of
from packtune.models.own.importing import describe_error
from packtune.models.own.registry import find_network
from packtune.models.training.layout_choice import CHECKED_EXAMPLES, Choice, choose_layout, compute_alike

OWN_MEMBERS = 16
"""More members gain little, as their numbers leave the processor's cache."""


_Key = tuple[Configuration, tuple[int, ...], int, str]
"""The kind of network, the shape of an input, the logits, and the type of the device."""

MOST_REMEMBERED = 1024
_choices: dict[_Key, Choice] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedChoice:
    """A choice that one process has made, for others.

    Attributes:
        machine: the kind of machine it was made on.
    """

    key: _Key
    machine: str
    choice: Choice


def choose_for(
    configurations: Sequence[Configuration], *, input_shape: tuple[int, ...], outputs: int, device: torch.device
) -> Choice | None:
    """Choose how a pack is trained; none for built-in networks.

    It depends on the configurations, the shapes and the kind of machine alone: neither on weights nor on data.

    Args:
        configurations: of the members.
        input_shape: of one input.
        outputs: logits, over all heads.

    Raises:
        ValueError: the networks cannot be trained.
    """
    first = configurations[0]
    if not first.is_own:
        return None
    choice = _choose(first.only_built(), input_shape, outputs, device).for_members(len(configurations))
    kinds = list(dict.fromkeys(each.only_built() for each in configurations))
    if choice.layout.way is Way.SEPARATE or len(kinds) == 1 or _are_alike(kinds, input_shape, outputs, device):
        return choice
    layout = replace(choice.layout, way=Way.SEPARATE)
    return replace(choice, layout=layout, reason="its hyperparameters change more than weights and rates of dropout")


@torch_threads(1)
def _choose(kind: Configuration, input_shape: tuple[int, ...], outputs: int, device: torch.device) -> Choice:
    def make(seed: int) -> torch.nn.Module:
        return build_network(kind, input_shape=input_shape, outputs=outputs, seed=seed).to(device)

    key = kind, input_shape, outputs, device.type
    if key not in _choices:
        _remember(key, choose_layout(make, _examples(input_shape, device), outputs, kind.batch_size))
    return _choices[key]


def _remember(key: _Key, choice: Choice) -> None:
    while len(_choices) >= MOST_REMEMBERED:
        del _choices[next(iter(_choices))]
    _choices[key] = choice


def share_choice(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> SharedChoice | None:
    """Give what this process has chosen for a configuration on a CPU; none if it has not, or if it is built in."""
    if not configuration.is_own:
        return None
    key = configuration.only_built(), input_shape, outputs, "cpu"
    return SharedChoice(key=key, machine=_machine(), choice=_choices[key]) if key in _choices else None


def take_over(shared: SharedChoice | None) -> None:
    """Take over what another process has chosen, if its machine computes as this one does."""
    if shared is not None and shared.machine == _machine():
        _remember(shared.key, shared.choice)


def _machine() -> str:
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()} {torch.__version__}"


@torch_threads(1)
def _are_alike(
    kinds: Sequence[Configuration], input_shape: tuple[int, ...], outputs: int, device: torch.device
) -> bool:
    """Tell whether networks whose hyperparameters differ compute alike but for their weights and dropout."""
    networks = [build_network(kind, input_shape=input_shape, outputs=outputs, seed=0).to(device) for kind in kinds]
    try:
        return compute_alike(networks, _examples(input_shape, device), outputs)
    except RuntimeError:  # the weights of one do not fit the other
        return False


def _examples(input_shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(CHECKED_EXAMPLES, *input_shape, generator=generator).to(device)


def own_capacity(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> tuple[int, str]:
    """Give the largest number of members of a pack of networks of the user's own, and why.

    What is called one after another gains nothing from a pack, whose members then share one worker.
    """
    try:
        choice = _choose(configuration.only_built(), input_shape, outputs, torch.device("cpu"))
    except (ValueError, RuntimeError, NetworkError) as error:  # a worker finds out too, and its trial says so
        return 1, f"it cannot be trained: {error}"
    at_once = choice.layout.is_known or choice.layout.way is Way.VECTORISED
    return (OWN_MEMBERS if at_once else 1), str(choice)


def check_own(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> None:
    """Make sure that a network of the user's own can be built afresh, called and trained.

    Raises:
        ValueError, NetworkError: it cannot.
    """
    one, other = (build_network(configuration, input_shape=input_shape, outputs=outputs, seed=0) for _ in range(2))
    tensors, again = tensors_of(one), tensors_of(other)
    if one is other or any(tensor is again.get(name) for name, tensor in tensors.items()):
        raise ValueError("it gives the same module twice: build a new one in each call")
    if not all(torch.equal(tensor, again[name]) for name, tensor in tensors.items()):
        raise ValueError("its first weights differ from one call to the next: draw them with PyTorch's functions alone")
    check_types(tensors)
    _try_call(one, configuration, _examples(input_shape, torch.device("cpu")))
    choose_for([configuration], input_shape=input_shape, outputs=outputs, device=torch.device("cpu"))


@torch_threads(1)
def _try_call(built: torch.nn.Module, configuration: Configuration, inputs: torch.Tensor) -> None:
    """Call a network once, so that what its own code raises is told with its own line."""
    try:
        with torch.no_grad():
            built.train()(inputs)
    except Exception as error:
        network = find_network(configuration.architecture)
        raise NetworkError(
            f"{network.file} gives a network that fails on a batch of {len(inputs)} inputs, float32 "
            f"{list(inputs.shape)}: {describe_error(error, tuple(network.files.items()))}. One input has the shape "
            f"input_shape = {tuple(inputs.shape[1:])}, which `build` is told"
        ) from error
