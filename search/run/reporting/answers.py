"""What the kept network of a run's winner says of single examples. Loads PyTorch; never trains."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packtune.data.dataset import Dataset, Split
from packtune.data.description import Head
from packtune.data.files import readable
from packtune.data.formats.png import write_png
from packtune.models.examination import Examination, examine, losses_of_columns
from packtune.models.trained_model import TrainedModel
from packtune.report.facts.answers import (
    MOST_CLASSES,
    AnswersFacts,
    ClassFacts,
    ColumnFacts,
    ConfusionFacts,
    HeadAnswers,
    WorstExample,
)
from packtune.report.winner import Winner
from packtune.run.folder import Run

if TYPE_CHECKING:
    from packtune.data.columns.preparation import ColumnPreparation

MOST_WORST = 12
MOST_CONFUSED = 20
MOST_CELLS = 12
"""Of a row of a table, those that are shown."""
MOST_SIDE = 64
"""The longest side of a picture that is shown, in pixels; a larger one is thinned out."""
SHUFFLES, MOST_SHUFFLED = 5, 200
"""Shuffles of each column of a table, and of all columns together, so that a wide table takes no longer."""


def answers_of(run: Run, winner: Winner, model: TrainedModel, dataset: Dataset, *, is_decided: bool) -> AnswersFacts:
    """Let the kept network of a winner label test examples; validation examples, if the winner is not decided.

    Args:
        dataset: that of the run.
    """
    name = "test" if is_decided else "validation"
    split = dataset.splits[name]
    split = split.first(run.settings.plan.protocol.evaluated(len(split), winner.row.configuration.batch_size))
    found, form = examine(model, split), _form_of(dataset)
    columns = form.places if form else {}
    shuffles = max(1, min(SHUFFLES, MOST_SHUFFLED // max(1, len(columns))))
    return AnswersFacts(
        trial=winner.row.trial,
        split=name,
        examples=len(split),
        right=found.n_right,
        heads=tuple(_head(found, number, head, model.classes) for number, head in enumerate(model.heads)),
        worst=tuple(_worst(found, split, index, form, model.heads) for index in found.worst(MOST_WORST)),
        columns=_column_facts(model, split, columns, shuffles),
        shuffles=shuffles if columns else 0,
    )


def _head(found: Examination, number: int, head: Head, most_classes: int) -> HeadAnswers:
    n, names = len(head.classes), [readable(name) for name in head.classes]
    matrix = [row[:n] for row in found.confusion(number, most_classes)[:n]]
    return HeadAnswers(
        name=readable(head.name),
        classes=tuple(_class(name, place, matrix) for place, name in enumerate(names)),
        matrix=tuple(map(tuple, matrix)) if n <= MOST_CLASSES else (),
        confused=tuple(sorted(_confused(names, matrix), key=lambda pair: -pair.examples)[:MOST_CONFUSED]),
    )


def _class(name: str, place: int, matrix: Sequence[Sequence[int]]) -> ClassFacts:
    right, examples, said = matrix[place][place], sum(matrix[place]), sum(row[place] for row in matrix)
    return ClassFacts(
        name=name,
        examples=examples,
        recall=right / examples if examples else None,
        precision=right / said if said else None,
    )


def _confused(names: Sequence[str], matrix: Sequence[Sequence[int]]) -> Iterator[ConfusionFacts]:
    for right, row in enumerate(matrix):
        for said, examples in enumerate(row):
            if examples and right != said:
                yield ConfusionFacts(right=names[right], said=names[said], examples=examples)


def _worst(
    found: Examination, split: Split, index: int, form: ColumnPreparation | None, heads: Sequence[Head]
) -> WorstExample:
    picture = _picture(split, index)
    return WorstExample(
        index=index,
        right=_names(heads, found.right[index].tolist()),
        said=_names(heads, found.said[index].tolist()),
        probability=float(found.probabilities[index]),
        picture=base64.b64encode(picture[0]).decode() if picture else "",
        width=picture[1] if picture else 0,
        height=picture[2] if picture else 0,
        cells=() if picture else _cells(split, index, form),
    )


def _names(heads: Sequence[Head], labels: Sequence[int]) -> tuple[str, ...]:
    return tuple(readable(head.classes[label]) for head, label in zip(heads, labels, strict=True))


def _picture(split: Split, index: int) -> tuple[bytes, int, int] | None:
    """Draw an image as it was prepared: the PNG, its width and its height; none of a row of a table."""
    if split.inputs.ndim != 4:
        return None
    image = split.inputs[index]
    step = -(-max(image.shape[1:]) // MOST_SIDE)
    thinned = image[:, ::step, ::step]
    pixels = thinned.permute(1, 2, 0) if len(thinned) == 3 else thinned[0]
    height, width = pixels.shape[:2]
    return write_png(pixels.contiguous().numpy()), width, height


def _cells(split: Split, index: int, form: ColumnPreparation | None) -> tuple[tuple[str, str], ...]:
    names = form.names if form else [f"column {place}" for place in range(split.inputs.shape[1])]
    values = split.inputs[index].tolist()
    return tuple((readable(name), f"{value:.4g}") for name, value in zip(names, values, strict=True))[:MOST_CELLS]


def _form_of(dataset: Dataset) -> ColumnPreparation | None:
    """Say how the columns of a table were prepared; none of images, and of rows that came from a Python program."""
    if len(dataset.input_shape) != 1 or not dataset.preparation:
        return None
    from packtune.data.columns.preparation import ColumnPreparation  # pandas and scikit-learn
    from packtune.data.own.form import read_form

    form = read_form(dataset.preparation)
    return form if isinstance(form, ColumnPreparation) else None


def _column_facts(
    model: TrainedModel, split: Split, columns: dict[str, list[int]], shuffles: int
) -> tuple[ColumnFacts, ...]:
    losses = losses_of_columns(model, split, list(columns.values()), shuffles=shuffles)
    found = [
        ColumnFacts(name=readable(name), loss=sum(each) / len(each), low=min(each), high=max(each))
        for name, each in zip(columns, losses, strict=True)
    ]
    return tuple(sorted(found, key=lambda column: -column.loss))
