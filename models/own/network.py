"""A network of the user's own, as it travels from the driver to the workers."""

from __future__ import annotations

import hashlib
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packtune.errors import NetworkError
from packtune.models.configuration import OF_OWN
from packtune.models.own.importing import run_source

if TYPE_CHECKING:
    from torch import nn

BUILD, HYPERPARAMETERS = "build", "HYPERPARAMETERS"
"""The names in a file with a network: of the function that builds it, and of its hyperparameters."""
DIGITS = 12
"""Of the hash in the name of a network."""

OwnBuild = Callable[..., "nn.Module"]
"""Builds a network: (configuration, *, input_shape, outputs) -> module."""


class OwnNetwork(ABC):
    """A network of the user's own.

    Attributes:
        file: where it comes from, for people.
        digest: SHA-256 of all its source, 64 hexadecimal digits.
        files: the source by relative path, its main file first, to be kept and looked at.
    """

    file: str
    digest: str
    files: Mapping[str, bytes]

    @property
    def architecture(self) -> str:
        """The name that stands in configurations, such as net@1f3a5b7c9d0e."""
        stem = re.sub(r"[^A-Za-z0-9_-]", "-", self.file.replace("\\", "/").rpartition("/")[2].removesuffix(".py"))
        return f"{stem or 'network'}{OF_OWN}{self.digest[:DIGITS]}"

    @abstractmethod
    def load(self) -> OwnBuild:
        """Run the source, and give the function that builds the network.

        Raises:
            NetworkError: the source cannot be run, or has no such function.
        """

    @abstractmethod
    def hyperparameters(self) -> Mapping[str, object]:
        """Give the table of its hyperparameters, as in the file of a space.

        Raises:
            NetworkError: there is none that can be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNetwork(OwnNetwork):
    """A network from a file, with the user's modules beside it.

    Attributes:
        table: the hyperparameters, if the file writes them as plain values; none if it has to be run to know them.
        function: the name of the function that builds it.
    """

    file: str
    digest: str
    files: Mapping[str, bytes]
    table: Mapping[str, object] | None = None
    function: str = BUILD

    def load(self) -> OwnBuild:
        build = getattr(run_source(self.digest, self.file, self.files), self.function, None)
        if not callable(build):
            raise NetworkError(
                f"{self.file} has no function {self.function}: add "
                f"`def {self.function}(configuration, *, input_shape, outputs):`, which returns a torch.nn.Module"
            )
        return check_signature(build, self.file)

    def hyperparameters(self) -> Mapping[str, object]:
        if self.table is not None:
            return self.table
        return check_table(getattr(run_source(self.digest, self.file, self.files), HYPERPARAMETERS, {}), self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionNetwork(OwnNetwork):
    """A network that a function of a Python program builds. Ray pickles the function by value.

    Attributes:
        table: its hyperparameters.
    """

    file: str
    digest: str
    files: Mapping[str, bytes]
    build: OwnBuild
    table: Mapping[str, object]

    def load(self) -> OwnBuild:
        return check_signature(self.build, self.file)

    def hyperparameters(self) -> Mapping[str, object]:
        return check_table(self.table, self.file)


def from_function(build: OwnBuild, table: Mapping[str, object]) -> FunctionNetwork:
    """Make a network of a function. Its hash is that of its source, or of its compiled code where there is no source.

    Args:
        table: its hyperparameters, as in the file of a space.
    """
    name = getattr(build, "__name__", "build")
    try:
        content = inspect.getsource(build).encode()
    except (OSError, TypeError):
        code = getattr(build, "__code__", None)
        content = repr((name, code and (code.co_code, code.co_consts, code.co_names))).encode()
    files = {f"{name}.py": content}
    return FunctionNetwork(file=name, digest=digest_of(files, table), files=files, build=build, table=dict(table))


def digest_of(files: Mapping[str, bytes], table: Mapping[str, object] | None = None) -> str:
    """Give the SHA-256 of source files and their paths, and of hyperparameters that are not in them."""
    parts = [(name, hashlib.sha256(content).hexdigest()) for name, content in sorted(files.items())]
    return hashlib.sha256(repr((parts, table)).encode()).hexdigest()


def check_table(table: object, file: str) -> Mapping[str, object]:
    """Make sure that hyperparameters are a table.

    Raises:
        NetworkError: they are something else.
    """
    if not isinstance(table, Mapping) or not all(isinstance(name, str) and name.isidentifier() for name in table):
        raise NetworkError(
            f"the {HYPERPARAMETERS} of {file} are no table of names: write "
            f'{HYPERPARAMETERS} = {{"width": {{"low": 8, "high": 256, "log": True}}, "heads": [1, 2, 4]}}'
        )
    return table


def check_signature(build: OwnBuild, file: str) -> OwnBuild:
    """Make sure that a function can be called as `build` is.

    Raises:
        NetworkError: it takes other arguments.
    """
    try:
        inspect.signature(build).bind(None, input_shape=(), outputs=1)
    except TypeError as error:
        raise NetworkError(
            f"the function of {file} cannot be called with (configuration, input_shape=..., outputs=...): {error}. "
            "Write `def build(configuration, *, input_shape, outputs):`"
        ) from error
    except ValueError:
        pass  # a function without a signature
    return build
