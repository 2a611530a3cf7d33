"""Optional packages that a format needs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from packtune.errors import ExportError


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """Packages that an extra of packtune installs together.

    Attributes:
        extra: its name, as in packtune[onnx].
        names: of the packages, as they are imported.
    """

    extra: str
    names: tuple[str, ...]

    def check(self) -> None:
        """Make sure that all are installed, and import none.

        Raises:
            ExportError: one is missing.
        """
        for name in self.names:
            if find_spec(name) is None:
                raise missing_package(name, self)


def missing_package(name: str, packages: Packages) -> ExportError:
    """Say that a package is missing, and how to install it."""
    return ExportError(
        f"this file needs the package {name}, which is missing: install it with pip install "
        f"'packtune[{packages.extra}]'; or export the model as .pt"
    )
