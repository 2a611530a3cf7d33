"""What the winner's kept network says of single examples: which it mislabels, and which columns it needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFacts:
    """How one class is labelled.

    Attributes:
        name: of the class.
        examples: of this class, in the split.
        recall: the share of them that is labelled so, 0 to 1; none if there are none.
        precision: the share of the examples labelled so that are of this class, 0 to 1; none if none is labelled so.
    """

    name: str
    examples: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionFacts:
    """A pair of classes that are taken for each other.

    Attributes:
        right: the class of the examples.
        said: the class that the network says.
        examples: how many.
    """

    right: str
    said: str
    examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAnswers:
    """The answers of one head.

    Attributes:
        name: of the head.
        classes: in their order.
        matrix: how many examples of each class (row) are labelled as each class (column); empty if there are more than
            `MOST_CLASSES`.
        confused: the most frequent mistakes, at most 20, the most frequent first.
    """

    name: str
    classes: tuple[ClassFacts, ...]
    matrix: tuple[tuple[int, ...], ...]
    confused: tuple[ConfusionFacts, ...]


MOST_CLASSES = 100
"""Of a confusion matrix. One with more is unreadable, and large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstExample:
    """An example that is labelled wrong, and of which the network is surest.

    Attributes:
        index: of the example in its split, from 0.
        right, said: its classes and those that the network says, one for each head.
        probability: that the network gives to the right class, 0 to 1; the product over the heads.
        picture: a PNG of the prepared picture as base64; empty for a row of a table.
        width, height: of the picture in pixels; 0 for a row.
        cells: (column, value in words) of a row of a table, as a network gets it; empty for an image.
    """

    index: int
    right: tuple[str, ...]
    said: tuple[str, ...]
    probability: float
    picture: str
    width: int
    height: int
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """How much the network needs a column of a table: the accuracy lost when its cells are shuffled.

    Attributes:
        name: of the column.
        loss: mean over the shuffles, -1 to 1; about 0 for a column that is not needed.
        low, high: the smallest and the largest loss of a shuffle.
    """

    name: str
    loss: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersFacts:
    """What the kept network of the winner says of the examples of one split.

    Attributes:
        trial: whose network it is.
        split: "test" where the winner is decided, else "validation".
        examples: in the split.
        right: of these, with every head right.
        heads: one for each head.
        worst: at most 12, the worst first.
        columns: of a table, the most needed first; empty for images.
        shuffles: of each column.
    """

    trial: int
    split: str
    examples: int
    right: int
    heads: tuple[HeadAnswers, ...]
    worst: tuple[WorstExample, ...]
    columns: tuple[ColumnFacts, ...]
    shuffles: int
