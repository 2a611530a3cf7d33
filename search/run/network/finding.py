"""What the user gave as a network: the path of a file, or a function of a Python program."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from packtune.errors import NetworkError, SettingsError
from packtune.models.own.hyperparameters import NetworkSpace, network_space
from packtune.models.own.network import OwnBuild, OwnNetwork, from_function
from packtune.models.own.reading import read_network
from packtune.models.own.registry import register
from packtune.run.folder import Run
from packtune.run.planning import NetworkOptions
from packtune.space.source import GivenSpace, SpaceSource, find_space

GivenNetwork = str | Path | OwnBuild


def find_network(given: object, hyperparameters: Mapping[str, object] | None = None) -> OwnNetwork:
    """Find a network of the user's own, and let this process build it.

    Args:
        given: the path of a Python file, or a function that builds the network.
        hyperparameters: of a function, as in the file of a space; a file has them itself.

    Raises:
        NetworkError: the file cannot be used.
        SettingsError: it is neither of both, or hyperparameters are given for a file.
    """
    if not (isinstance(given, str | Path) or callable(given)):
        raise SettingsError(f"model = {given!r} is not allowed: give the path of a Python file, or a function")
    if callable(given):
        network: OwnNetwork = _from_program(given, hyperparameters or {})
    elif hyperparameters is not None:
        raise SettingsError(f"hyperparameters are not allowed with a file: write them in {given}, as HYPERPARAMETERS")
    else:
        network = read_network(Path(given).expanduser())
    register(network)
    return network


def _from_program(build: OwnBuild, hyperparameters: Mapping[str, object]) -> OwnNetwork:
    """Take a function by its module's file, so that nodes get what it imports; by value, if it has no such file."""
    module, name = getattr(build, "__module__", None), getattr(build, "__name__", "")
    source = getattr(sys.modules.get(module or ""), "__file__", None)
    is_of_module = module not in (None, "__main__") and getattr(sys.modules.get(module or ""), name, None) is build
    if source is None or not is_of_module or not inspect.isfunction(build):
        return from_function(build, hyperparameters)
    return replace(read_network(Path(source), function=name), table=dict(hyperparameters))


def space_and_network(space: GivenSpace, options: NetworkOptions) -> tuple[SpaceSource, OwnNetwork | None]:
    """Find the space of a new search, with the network of the user's own in it, if one is named.

    Raises:
        SpaceError: see `find_space`.
        NetworkError, SettingsError: see `find_network`.
    """
    given = options.get("model")
    if given is None:
        return find_space(space), None
    network = find_network(given, options.get("hyperparameters"))
    return find_space(space, space_of(network)), network


def space_of(network: OwnNetwork) -> NetworkSpace:
    """Give what a space knows of a network.

    Raises:
        NetworkError, SpaceError: its hyperparameters cannot be used.
    """
    return network_space(
        file=_absolute(network.file),
        architecture=network.architecture,
        digest=network.digest,
        table=network.hyperparameters(),
    )


def _absolute(file: str) -> str:
    return str(Path(file).expanduser().absolute()) if file.endswith(".py") else file


def name_network(run: Run, given: object, hyperparameters: Mapping[str, object] | None = None) -> OwnNetwork | None:
    """Let this process build the network of a run, as the user names it again.

    Args:
        given: see `find_network`; none if it was not named.

    Returns:
        The network; none if the run has built-in ones.

    Raises:
        SettingsError: it was named for a run of built-in networks.
        NetworkError: it was not named, or is another one than before.
    """
    known = run.settings.plan.network
    if known is None:
        if given is not None:
            raise SettingsError(f"the run {run.folder.name!r} trains built-in networks: leave --model out")
        return None
    if given is None:
        raise NetworkError(
            f"the run {run.folder.name!r} trains a network of your own, which is run only where you name it: add "
            f"--model {known.file} (in Python: model=)"
        )
    network = find_network(given, hyperparameters)
    if network.architecture != known.architecture:
        raise NetworkError(
            f"{network.file} has changed since the run {run.folder.name!r} began (now it is {network.architecture}, it "
            f"was {known.architecture}): restore it as it is kept in {run.folder.path / 'network'}, or start a new run"
        )
    return network
