"""The user's networks that this process knows, by the names that configurations have: only those that a user named."""

from __future__ import annotations

from packtune.errors import NetworkError
from packtune.models.configuration import OF_OWN
from packtune.models.own.network import OwnBuild, OwnNetwork

_KNOWN: dict[str, OwnNetwork] = {}
"""A name has the hash of the source, so that one name never stands for two networks."""


def register(network: OwnNetwork) -> None:
    """Let configurations with the name of a network be built in this process."""
    _KNOWN[network.architecture] = network


def find_network(architecture: str) -> OwnNetwork:
    """Find a network by the name that configurations have.

    Raises:
        NetworkError: nobody has named it in this process.
    """
    if architecture not in _KNOWN:
        stem = architecture.partition(OF_OWN)[0]
        others = [network for name, network in _KNOWN.items() if name.partition(OF_OWN)[0] == stem]
        if others:
            raise NetworkError(
                f"{others[-1].file} has changed since: now it is {others[-1].architecture}, and what is asked for was "
                f"trained with {architecture}: restore the file as it was"
            )
        raise NetworkError(
            f"{architecture} is a network of your own, whose source is not taken from a run or a model file: name its "
            "file with --model FILE.py (in Python: model=)"
        )
    return _KNOWN[architecture]


def find_build(architecture: str) -> OwnBuild:
    """Find the function that builds a network; see `find_network` and `OwnNetwork.load`."""
    return find_network(architecture).load()
