"""Which tools are told of a search: what may be asked for, checked before anything is trained. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TypedDict

from packtune.data.files import readable
from packtune.errors import SettingsError

SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "databricks", "file")
"""How MLflow's tracking URIs begin; a database may name its driver, as in postgresql+psycopg."""


class ToolOptions(TypedDict, total=False):
    """What other people's tools are told of this start of a run; never part of what is searched.

    Attributes:
        tensorboard: whether to write event files into the folder of the run.
        mlflow: tracking URI of MLflow, which gets the trials, the tables and the model.
    """

    tensorboard: bool
    mlflow: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The tools that are told; see `ToolOptions`.

    Raises:
        SettingsError: the package of a tool is not installed, or the URI is none.
    """

    tensorboard: bool = False
    mlflow: str | None = None

    def __post_init__(self) -> None:
        if self.tensorboard:
            check_installed("tensorboard", extra="tensorboard", option="--tensorboard")
        if self.mlflow is not None:
            check_installed("mlflow", extra="mlflow", option="--mlflow")
            _check_uri(self.mlflow)

    @property
    def are_wanted(self) -> bool:
        """Tell whether any tool is told."""
        return self.tensorboard or self.mlflow is not None


NO_TOOLS = Tools()


def choose_tools(options: ToolOptions) -> Tools:
    """Complete the options.

    Raises:
        SettingsError: see `Tools`.
    """
    return Tools(tensorboard=bool(options.get("tensorboard")), mlflow=options.get("mlflow"))


def check_installed(package: str, *, extra: str, option: str) -> None:
    """Make sure that an optional package is there, without importing it.

    Args:
        extra: of this project, that installs it.
        option: that needs it, for people.

    Raises:
        SettingsError: it is not.
    """
    if find_spec(package) is None:
        raise SettingsError(
            f"{option} needs a package that is not installed, {package.replace('_', '-')}: install it with "
            f"`pip install 'packtune[{extra}]'`"
        )


def _check_uri(uri: str) -> None:
    scheme, colon, _ = uri.partition(":")
    known = scheme.partition("+")[0] in SCHEMES
    if not known or not (colon or scheme == "databricks"):
        raise SettingsError(
            f"mlflow = {readable(uri)!r} is no tracking URI: give that of a server, http://HOST:PORT, or of a "
            "database, sqlite:///mlflow.db"
        )
