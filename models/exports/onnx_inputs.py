"""Examples of a data set as the inputs of an ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.columns.prepared import WordColumn
from packtune.models.exports.onnx_names import Names
from packtune.models.exports.rows import raw_rows
from packtune.models.exports.whole import form_of
from packtune.models.trained_model import TrainedModel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

STRANGE = "another word"
"""Stands for a word that training lacked."""


def inputs_of(model: TrainedModel, inputs: Tensor, names: Names) -> Mapping[str, npt.NDArray[np.generic] | list[str]]:
    """Give examples as the graph takes them: raw pixels, or the values of each column of a table.

    Args:
        inputs: n examples, see `TrainedModel.label`. Rows of a table are made raw again.

    Returns:
        By name: uint8 [n, channels, height, width]; or float64 [n] of numbers and n texts of words.
    """
    form = form_of(model)
    if not isinstance(form, ColumnPreparation):
        return {names.inputs[0]: inputs.numpy()}
    rows = raw_rows(form, inputs)
    values: list[npt.NDArray[np.generic] | list[str]] = [column.contiguous().numpy() for column in rows.numbers.t()]
    values += [_texts(places, column) for places, column in zip(rows.words.t(), form.words, strict=True)]
    return dict(zip(names.inputs, values, strict=True))


def _texts(places: Tensor, column: WordColumn) -> list[str]:
    words: Sequence[str] = [*column.words, _strange(column.words)]
    return [words[place] for place in places.tolist()]


def _strange(words: Sequence[str]) -> str:
    word = STRANGE
    while word in words:
        word += "_"
    return word
