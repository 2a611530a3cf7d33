"""Builds the ONNX graph around a recorded network: named columns before it, names of classes after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.description import Head
from packtune.models.exports.onnx_names import Names

CLASSIC_ML = "ai.onnx.ml"
"""The operators that know texts."""
CLASSIC_ML_VERSION = 3
BATCH = "n"


def finish(
    core: ModelProto, names: Names, columns: ColumnPreparation | None, heads: Sequence[Head], facts: Mapping[str, str]
) -> ModelProto:
    """Join a recorded network with what comes before and after it.

    Args:
        core: takes images, or numbers and numbers of words; gives numbers of classes, probabilities and logits.
        columns: of a table; none for images.
        facts: to be kept in the file, by name.
    """
    prefixed = onnx.compose.add_prefix(core, names.prefix)
    graph, one = prefixed.graph, f"{names.prefix}one"
    given = [each.name for each in graph.input]
    known = helper.make_tensor(one, TensorProto.INT64, [1], [1])
    before = [] if columns is None else _before(columns, names, given, one)
    rename = [] if columns is not None else [helper.make_node("Identity", [names.inputs[0]], given)]
    shown = [each.name for each in graph.output]
    nodes = [*rename, *before, *graph.node, *_after(heads, names, shown)]
    for node in nodes:
        del node.metadata_props[:]  # has what the recording was made of
    made = helper.make_graph(
        nodes, "packtune", _inputs(graph.input, names, columns), _outputs(graph.output, names),
        initializer=[*graph.initializer, *([known] if columns is not None else [])],
    )  # fmt: skip
    model = helper.make_model(
        made,
        producer_name="packtune",
        ir_version=prefixed.ir_version,
        opset_imports=[*prefixed.opset_import, helper.make_opsetid(CLASSIC_ML, CLASSIC_ML_VERSION)],
        functions=prefixed.functions,
    )
    helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model)
    return model


def _before(columns: ColumnPreparation, names: Names, given: Sequence[str], one: str) -> list[NodeProto]:
    """Make tables of the columns: one of the numbers, and one of the numbers of the words."""
    n = len(columns.numbers)
    numbers, words = names.inputs[:n], names.inputs[n:]
    nodes = [
        helper.make_node(
            "LabelEncoder", [name], [f"{names.prefix}word {index}"], domain=CLASSIC_ML,
            keys_strings=list(column.words), values_int64s=list(range(len(column.words))),
            default_int64=len(column.words),
        )
        for index, (name, column) in enumerate(zip(words, columns.words, strict=True))
    ]  # fmt: skip
    tables = [list(numbers), [f"{names.prefix}word {index}" for index in range(len(words))]]
    for table, whole in zip(filter(None, tables), given, strict=True):
        parts = [f"{whole} {index}" for index in range(len(table))]
        nodes += [helper.make_node("Unsqueeze", [name, one], [part]) for name, part in zip(table, parts, strict=True)]
        nodes.append(helper.make_node("Concat", parts, [whole], axis=1))
    return nodes


def _after(heads: Sequence[Head], names: Names, shown: Sequence[str]) -> list[NodeProto]:
    """Give classes their names, and the outputs theirs."""
    width = max(len(head.classes) for head in heads)
    texts = [name for head in heads for name in [*head.classes, *[""] * (width - len(head.classes))]]
    table, first, place = (f"{names.prefix}{name}" for name in ("classes", "first", "place"))
    starts = [number * width for number in range(len(heads))]
    return [
        helper.make_node(
            "Constant", [], [table],
            value=_texts(table, texts),
        ),
        helper.make_node(
            "Constant", [], [first], value=helper.make_tensor(first, TensorProto.INT64, [len(heads)], starts)
        ),
        helper.make_node("Add", [shown[0], first], [place]),
        helper.make_node("Gather", [table, place], [names.label]),
        helper.make_node("Identity", [shown[1]], [names.probabilities]),
        helper.make_node("Identity", [shown[2]], [names.logits]),
    ]  # fmt: skip


def _texts(name: str, texts: Sequence[str]) -> TensorProto:
    return TensorProto(
        name=name, data_type=TensorProto.STRING, dims=[len(texts)], string_data=[text.encode() for text in texts]
    )


def _inputs(given: Sequence[ValueInfoProto], names: Names, columns: ColumnPreparation | None) -> list[ValueInfoProto]:
    if columns is None:
        return [_renamed(given[0], names.inputs[0])]
    kinds = [TensorProto.DOUBLE] * len(columns.numbers) + [TensorProto.STRING] * len(columns.words)
    return [helper.make_tensor_value_info(name, kind, [BATCH]) for name, kind in zip(names.inputs, kinds, strict=True)]


def _outputs(shown: Sequence[ValueInfoProto], names: Names) -> list[ValueInfoProto]:
    renamed = [_renamed(each, name) for each, name in zip(shown, names.outputs, strict=True)]
    renamed[0].type.tensor_type.elem_type = TensorProto.STRING
    return renamed


def _renamed(value: ValueInfoProto, name: str) -> ValueInfoProto:
    """Copy a description under another name; its first axis is that of the examples."""
    copied = ValueInfoProto()
    copied.CopyFrom(value)
    copied.name = name
    copied.type.tensor_type.shape.dim[0].dim_param = BATCH
    return copied
