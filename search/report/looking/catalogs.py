"""The spaces, hyperparameters and data sets that there are, for JSON."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.data.catalog import DATASETS
from packtune.models.configuration import HYPERPARAMETERS
from packtune.space.builtin.notebook import NOTEBOOK_SPACES
from packtune.space.catalog import SPACES
from packtune.space.domains import Dimension


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFacts:
    """A built-in space.

    Attributes:
        configurations: how many it has; none if it is continuous.
    """

    name: str
    description: str
    configurations: int | None
    dimensions: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperparameterFacts:
    """A hyperparameter: what is allowed, which architectures use it, and what it means, in words."""

    name: str
    allowed: str
    where: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """A built-in data set.

    Attributes:
        input_shape: of one example.
        heads: what is said of an example.
        classes: the largest number of classes of a head.
        needs_files: whether files are needed, from a folder or a download.
    """

    name: str
    summary: str
    input_shape: tuple[int, ...]
    heads: tuple[str, ...]
    classes: int
    n_train: int
    n_validation: int
    n_test: int
    needs_files: bool


def known_spaces() -> list[SpaceFacts]:
    """List the built-in spaces."""
    return [
        SpaceFacts(
            name=space.name,
            description=space.description,
            configurations=len(space.enumerate()) if space.is_enumerable else None,
            dimensions=space.dimensions,
        )
        for space in (SPACES | NOTEBOOK_SPACES).values()
    ]


def known_hyperparameters() -> list[HyperparameterFacts]:
    """List the hyperparameters of the built-in networks."""
    return [
        HyperparameterFacts(name=name, allowed=each.allowed, where=each.where, help=each.help)
        for name, each in HYPERPARAMETERS.items()
    ]


def known_datasets() -> list[DatasetFacts]:
    """List the built-in data sets."""
    return [
        DatasetFacts(
            name=name,
            summary=entry.summary,
            input_shape=entry.description.input_shape,
            heads=entry.description.head_names,
            classes=entry.description.classes,
            n_train=entry.description.n_train,
            n_validation=entry.description.n_validation,
            n_test=entry.description.n_test,
            needs_files=entry.needs_files,
        )
        for name, entry in DATASETS.items()
    ]
