"""A trained model as plain values and tensors, and rebuilt from them. Knows no file format."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from packtune.data.description import PIXEL_SCALE, Head, Scaling
from packtune.models.architectures.build import build_network
from packtune.models.configuration import Configuration
from packtune.models.ensemble import MeanOfProbabilities, states_of_members
from packtune.models.saved.checks import ENSEMBLE, FIELDS, FIRST_FIELDS, MEASURED, Values, check
from packtune.models.trained_model import TrainedModel
from packtune.models.training.metrics.catalog import Metric

FORMAT = "packtune-model"
FORMAT_VERSION = 2
FIRST_VERSION = 1
"""Of images with one channel, digits from 0 in all heads, and pixels divided by 256."""

_MAX_CLASSES = 1_000_000


def facts_of(model: TrainedModel) -> Values:
    """Give all of a model but its weights, as values that JSON can hold."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "configuration": model.configuration.to_plain(),
        "input_shape": list(model.input_shape),
        "heads": [[head.name, list(head.classes)] for head in model.heads],
        "factors": list(model.scaling.factors),
        "offsets": list(model.scaling.offsets),
        "preparation": model.preparation,
        "trained_on": model.trained_on,
        "epochs": model.epochs,
        "trial": model.trial,
        "seed": model.seed,
        "validation_accuracy": model.validation_accuracy,
        **({"members": list(model.members)} if model.members else {}),
        **_measured(model),
    }


def weights_of(model: TrainedModel) -> dict[str, Tensor]:
    """Copy the weights of a model by name; no two share their memory."""
    return {name: tensor.detach().clone().contiguous() for name, tensor in model.network.state_dict().items()}


def _measured(model: TrainedModel) -> Values:
    if model.validation_score is None:
        return {}
    return {"metric": model.metric.value, "validation_score": model.validation_score}


def rebuild(values: Values, *, max_bytes: int) -> TrainedModel:
    """Rebuild a model from its values, with the weights as `state_dict` among them.

    Args:
        values: of a version that there is.
        max_bytes: of the weights: no more memory is taken for them.

    Raises:
        NetworkError: it is a network of the user's own that is not known in this process, or cannot be built.
        Exception: of many types, if the values are inconsistent.
    """
    values = _from_first(values) if values["version"] == FIRST_VERSION else values
    check(values, FIELDS)
    members = _members(values)
    configuration = Configuration.from_dict(values["configuration"])
    heads = tuple(Head(name=name, classes=tuple(classes)) for name, classes in values["heads"])
    shape = tuple(values["input_shape"])
    states = states_of_members(values["state_dict"], len(members)) if members else [values["state_dict"]]
    outputs = len(heads) * max(len(head.classes) for head in heads)
    networks = [_network(configuration, shape, outputs, state, max_bytes // len(states)) for state in states]
    return TrainedModel(
        network=(MeanOfProbabilities(networks, heads) if members else networks[0]).eval(),
        configuration=configuration,
        input_shape=shape,
        heads=heads,
        scaling=_scaling(values, shape),
        members=members,
        **_score(values),
        **{name: values[name] for name in list(FIELDS)[4:]},
    )


def _network(
    configuration: Configuration, shape: tuple[int, ...], outputs: int, state: Mapping[str, Tensor], max_bytes: int
) -> nn.Module:
    """Build a network with its weights."""
    network = _build_without_weights(configuration, input_shape=shape, outputs=outputs)
    n_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())
    if n_bytes > max_bytes:
        raise ValueError(f"the network needs {n_bytes:,} bytes of weights, but the file has {max_bytes:,} bytes")
    if not configuration.is_own:
        network = network.to_empty(device="cpu")
    network.load_state_dict(state)
    if not all(bool(tensor.isfinite().all()) for tensor in network.parameters()):
        raise ValueError("a weight is infinite or not a number")
    return network


def _members(values: Values) -> tuple[int, ...]:
    if "members" not in values:
        return ()
    check(values, ENSEMBLE)
    return tuple(values["members"])


def _from_first(values: Values) -> Values:
    """Bring the values of the first version into the form of this one."""
    check(values, FIRST_FIELDS)
    classes = [str(number) for number in range(min(values["classes"], _MAX_CLASSES))]
    added = {
        "input_shape": [1, values["height"], values["width"]],
        "heads": [[name, classes] for name in values["head_names"]],
        "factors": [1 / PIXEL_SCALE],
        "offsets": [0.0],
        "preparation": "",
    }
    return values | added


def _score(values: Values) -> Values:
    if "metric" not in values:
        return {}
    check(values, MEASURED)
    return {"metric": Metric(values["metric"]), "validation_score": values["validation_score"]}


def _scaling(values: Values, shape: tuple[int, ...]) -> Scaling:
    scaling = Scaling(factors=tuple(values["factors"]), offsets=tuple(values["offsets"]))
    if any(len(numbers) not in (1, shape[0]) for numbers in (scaling.factors, scaling.offsets)):
        raise ValueError(f"{len(scaling.factors)} factors do not fit {shape[0]} channels")
    return scaling


def _build_without_weights(configuration: Configuration, *, input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Build the network without memory for its weights: a file could ask for any amount of it.

    A network of the user's own may need the values of its tensors as it is built, so it gets memory.
    """
    with torch.device("cpu" if configuration.is_own else "meta"):
        return build_network(configuration, input_shape=input_shape, outputs=outputs, seed=0)
