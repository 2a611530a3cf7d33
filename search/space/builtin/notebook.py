"""The reference notebook's configurations, by system and label, and the spaces that list them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packtune.models.configuration import Value
from packtune.protocol import Protocol
from packtune.space.domains import Choices, Dimension
from packtune.space.space import Space

Configurations = Mapping[str, Mapping[str, Value]]
"""The values of each configuration, by its label; hyperparameters that are left out have their defaults."""

# 784 - hidden units - 10, plain SGD; the notebook changes one value at a time.
BASELINE: dict[str, Value] = {"batch_size": 32, "learning_rate": 0.1, "momentum": 0.0, "activation": "relu"}
CHANGES: dict[str, Value] = {"batch_size": 64, "learning_rate": 0.01, "momentum": 0.9, "activation": "leaky_relu"}
HIDDEN_UNITS = (10, 128)
LABELS = {"batch_size": "batch-size", "learning_rate": "learning-rate"}


def _one_change_at_a_time(hidden_units: int) -> Configurations:
    base: dict[str, Value] = {"hidden_units": hidden_units, **BASELINE}
    return {"baseline": base, **{LABELS.get(name, name): {**base, name: value} for name, value in CHANGES.items()}}


SYSTEMS: dict[str, Configurations] = {
    "hidden-128": _one_change_at_a_time(128),
    "hidden-10": _one_change_at_a_time(10),
    "overlap-mlp": {
        "baseline": {
            "architecture": "mlp",
            "hidden_units": 64,
            "activation": "identity",
            "batch_size": 64,
            "learning_rate": 0.01,
            "momentum": 0.9,
        }
    },
    "overlap-cnn": {
        "baseline": {
            "architecture": "overlap-cnn",
            "hidden_units": 1000,
            "dropout": 0.5,
            "batch_size": 64,
            "learning_rate": 0.01,
            "momentum": 0.9,
        }
    },
    "cnn": {
        "baseline": {
            "architecture": "cnn",
            "hidden_units": 128,
            "dropout": 0.5,
            "batch_size": 32,
            "learning_rate": 0.01,
            "momentum": 0.9,
            "nesterov": True,
        }
    },
}
DRIFTING: dict[str, tuple[str, ...]] = {
    "hidden-128": ("batch-size", "momentum", "activation"),
    "hidden-10": ("batch-size", "momentum"),
}
"""The configurations whose accuracy changes with the slightest difference in floating-point order, by system."""


def list_space(name: str, description: str, configurations: Iterable[Mapping[str, Value]]) -> Space:
    """Make a space that lists some configurations and nothing else."""
    rows = [dict(values) for values in configurations]
    names = list(dict.fromkeys(name for row in rows for name in row))
    dimensions = tuple(
        Dimension(name=key, domain=Choices(values=tuple(dict.fromkeys(row[key] for row in rows)))) for key in names
    )
    return Space(
        name=name, description=description, dimensions=dimensions, listed=tuple(rows), protocol=Protocol.NOTEBOOK
    )


def _system_spaces() -> dict[str, Space]:
    """Make a space of each system, and one of its configurations that drift, to be tried from several seeds."""
    spaces = []
    for system, configurations in SYSTEMS.items():
        spaces.append(list_space(f"notebook-{system}", f"the notebook's system {system}", configurations.values()))
        if system in DRIFTING:
            drifting = [configurations[label] for label in DRIFTING[system]]
            spaces.append(list_space(f"notebook-{system}-drifting", f"those of {system} that drift", drifting))
    return {space.name: space for space in spaces}


NOTEBOOK_SPACES = _system_spaces()
