"""The format .onnx: a graph that ONNX Runtime and other programs run, without Python or PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from types import ModuleType
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.columns.prepared import NumberColumn, WordColumn
from packtune.errors import ExportError
from packtune.models.exports.agreement import CHECKED_AT_ONCE, Agreement, compare
from packtune.models.exports.onnx_inputs import inputs_of
from packtune.models.exports.onnx_names import Names, names_of
from packtune.models.exports.recording import first_line, quiet, record
from packtune.models.exports.whole import form_of
from packtune.models.saved.content import facts_of
from packtune.models.saved.packages import Packages, missing_package
from packtune.models.trained_model import TrainedModel

if TYPE_CHECKING:
    from onnx import ModelProto

PACKAGES = Packages(extra="onnx", names=("onnx", "onnxruntime", "onnxscript"))
OPSET = 18
"""The version of ONNX's operators: of December 2022, so that older programs know them too."""
FACTS, CLASSES, COLUMNS = "packtune", "classes", "columns"
"""The names of what is kept in the file's metadata, as JSON."""


def write_onnx(model: TrainedModel) -> bytes:
    """Write a model as a graph with the preparation of its examples and the names of its classes.

    Raises:
        ExportError: a package is missing, or the network has an operation that ONNX lacks.
    """
    PACKAGES.check()
    with _packages_needed():
        from packtune.models.exports.onnx_graph import finish
    form = form_of(model)
    columns = form if isinstance(form, ColumnPreparation) else None
    graph = finish(_core(model), graph_names(model), columns, model.heads, _facts(model))
    content: bytes = graph.SerializeToString()
    return content


def check_onnx(content: bytes, model: TrainedModel, inputs: Tensor) -> Agreement:
    """Run a graph on examples of a data set with ONNX Runtime, and compare it with its model.

    Raises:
        ExportError: they differ, or the package onnxruntime is missing.
    """
    with _packages_needed():
        import onnxruntime
    session, names = _session(onnxruntime, content), graph_names(model)
    numbers = {
        (index, name): number for index, head in enumerate(model.heads) for number, name in enumerate(head.classes)
    }
    labels, logits = [], []
    for chunk in inputs.split(CHECKED_AT_ONCE):
        said, found = session.run([names.label, names.logits], inputs_of(model, chunk, names))
        shape = len(chunk), len(model.heads)
        rows = said.reshape(shape).tolist()
        labels.append(torch.tensor([[numbers[index, name] for index, name in enumerate(row)] for row in rows]))
        logits.append(torch.from_numpy(found).view(*shape, model.classes))
    return compare(model, inputs, torch.cat(labels), torch.cat(logits))


def graph_names(model: TrainedModel) -> Names:
    """Give the names of inputs and outputs in the graph of a model."""
    form = form_of(model)
    if not isinstance(form, ColumnPreparation):
        return names_of(None)
    return names_of([column.name for column in _columns(form)])


def _columns(form: ColumnPreparation) -> list[NumberColumn | WordColumn]:
    return [*form.numbers, *form.words]


def _core(model: TrainedModel) -> ModelProto:
    """Translate a recorded network."""
    recorded = record(model, ".onnx")
    with quiet(), redirect_stdout(StringIO()):
        try:
            program = torch.onnx.export(recorded, dynamo=True, opset_version=OPSET, verbose=False)
        except Exception as error:  # of many types
            raise ExportError(
                f"the network cannot be written as .onnx, as ONNX lacks an operation of it ({first_line(error)}): "
                "export it as .pt, .safetensors or .pt2"
            ) from error
    assert program is not None
    return program.model_proto


def _facts(model: TrainedModel) -> dict[str, str]:
    form = form_of(model)
    columns = _columns(form) if isinstance(form, ColumnPreparation) else []
    known = {
        FACTS: facts_of(model),
        CLASSES: {head.name: list(head.classes) for head in model.heads},
        COLUMNS: {name: column.name for name, column in zip(graph_names(model).inputs, columns, strict=False)},
    }
    return {name: json.dumps(values) for name, values in known.items()}


def _session(onnxruntime: ModuleType, content: bytes):  # type: ignore[no-untyped-def]  # it has no types
    """Make a session that says nothing but errors."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@contextmanager
def _packages_needed() -> Iterator[None]:
    """Say how to install what is missing.

    Raises:
        ExportError: a package is missing.
    """
    try:
        yield
    except ImportError as error:
        raise missing_package(error.name or "onnx", PACKAGES) from error
