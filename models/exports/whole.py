"""A trained network with all that comes before and after it: from raw examples to classes and probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from packtune.data.columns.preparation import ColumnPreparation
from packtune.data.description import Head, Scaling
from packtune.data.own.form import Form, read_form
from packtune.models.exports.rows import PreparedRows, raw_rows
from packtune.models.trained_model import TrainedModel
from packtune.models.training.loss import absent_outputs

TRACED = 2
"""Examples that a program is recorded with; it then takes any number."""


class Answers(nn.Module):
    """What a network says of examples, from its logits.

    Args:
        heads: of the network.
    """

    def __init__(self, heads: Sequence[Head]) -> None:
        super().__init__()
        absent = absent_outputs(heads, torch.device("cpu"))
        self.absent: Tensor | None
        self.register_buffer("absent", None if absent is None else absent.flatten())
        self._heads = len(heads)

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the numbers of the classes, their probabilities, and the logits.

        Args:
            logits: float32 [n, heads * classes].

        Returns:
            int64 [n, heads], float32 [n, heads, classes] and float32 [n, heads, classes]; of a single head int64 [n],
            and float32 [n, classes] twice. A class that there is not has the probability 0.
        """
        if self.absent is not None:
            logits = logits + self.absent
        if self._heads > 1:
            logits = logits.unflatten(1, (self._heads, -1))
        return logits.argmax(-1), logits.softmax(-1), logits


class WholeOfImages(nn.Module):
    """Takes raw pixels.

    Args:
        network: inputs float32 [n, channels, height, width], scaled -> logits float32 [n, heads * classes].
    """

    factors: Tensor
    offsets: Tensor

    def __init__(self, network: nn.Module, scaling: Scaling, heads: Sequence[Head]) -> None:
        super().__init__()
        self.network = network
        self.answers = Answers(heads)
        self.register_buffer("factors", torch.tensor(scaling.factors).view(-1, 1, 1))
        self.register_buffer("offsets", torch.tensor(scaling.offsets).view(-1, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Label images, uint8 [n, channels, height, width]; see `Answers`."""
        answers: tuple[Tensor, Tensor, Tensor] = self.answers(
            self.network(images.float() * self.factors + self.offsets)
        )
        return answers


class WholeOfRows(nn.Module):
    """Takes the raw rows of a table.

    Args:
        network: inputs float32 [n, columns], prepared -> logits float32 [n, heads * classes].
    """

    def __init__(self, network: nn.Module, columns: ColumnPreparation, heads: Sequence[Head]) -> None:
        super().__init__()
        self.prepare = PreparedRows(columns)
        self.network = network
        self.answers = Answers(heads)

    def forward(self, numbers: Tensor | None, words: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Label rows, see `RawRows` and `Answers`; none where the table has no such columns."""
        answers: tuple[Tensor, Tensor, Tensor] = self.answers(self.network(self.prepare(numbers, words)))
        return answers


def form_of(model: TrainedModel) -> Form | None:
    """Give how the examples of a model are prepared; none for one of a built-in data set.

    Raises:
        CorruptFile: the model keeps something else.
    """
    return read_form(model.preparation) if model.preparation else None


def whole_of(model: TrainedModel) -> nn.Module:
    """Join a network with its preparation and its answers."""
    form = form_of(model)
    if isinstance(form, ColumnPreparation):
        return WholeOfRows(model.network, form, model.heads).eval()
    return WholeOfImages(model.network, model.scaling, model.heads).eval()


def arguments_of(model: TrainedModel, inputs: Tensor) -> tuple[Tensor | None, ...]:
    """Give the arguments of a whole for examples of a data set.

    Args:
        inputs: images uint8 [n, channels, height, width], or prepared rows float32 [n, columns].
    """
    form = form_of(model)
    if not isinstance(form, ColumnPreparation):
        return (inputs,)
    rows = raw_rows(form, inputs)
    return rows.numbers if form.numbers else None, rows.words if form.words else None


def traced_inputs(model: TrainedModel) -> Tensor:
    """Give a few examples of the right shape, all zeros, to record a program with."""
    is_image = len(model.input_shape) == 3
    return torch.zeros((TRACED, *model.input_shape), dtype=torch.uint8 if is_image else torch.float32)
