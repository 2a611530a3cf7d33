"""What was searched: the run, its metric, its data, its space and its settings."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.models.configuration import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """The metric by which everything is compared.

    Attributes:
        name: a value of `Metric`, such as "log-loss".
        in_words: its name in a sentence, such as "macro-F1".
        description: what it measures.
        larger_is_better: the direction; if false, smaller is better.
        highest: the largest score that there is; the smallest is 0.
    """

    name: str
    in_words: str
    description: str
    larger_is_better: bool
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The run, and how far it is.

    Attributes:
        name: of the run.
        trials: configurations that are to be tried, each as one trial.
        finished, open: trials with an outcome, and those without.
        open_trainings: of finalists, still to be done.
        counts: (state, number of trials), of all states that occur: COMPLETE, PRUNED, DIVERGED, FAIL, WAITING, RUNNING.
        is_decided: whether the winner is final: nothing is open. Only then test examples were looked at.
        status: how the search ended or stands, in a sentence.
        method: how the order of the leaderboard came about, in a sentence.
        sampler: that proposed the configurations.
        seed: of every random draw.
        epochs: of full training.
    """

    name: str
    trials: int
    finished: int
    open: int
    open_trainings: int
    counts: tuple[tuple[str, int], ...]
    is_decided: bool
    status: str
    method: str
    sampler: str
    seed: int
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadFacts:
    """One thing that is said of an example.

    Attributes:
        name: what the class means, such as "digit" or a table's target column.
        classes: their names.
        counts: examples of each class over all splits; empty for a built-in data set.
    """

    name: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFacts:
    """What a simple method reaches, beside the search.

    Attributes:
        name: of the method, such as "logistic regression".
        in_words: what it is and what it reaches.
        validation, test: its score by the metric of the run; of test only where the winner is decided.
    """

    name: str
    in_words: str
    validation: float
    test: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """The data set.

    Attributes:
        name: of the data set.
        format: what the user's own data are, in words; empty for a built-in data set.
        examples: what people call an example: "images" or "rows".
        input_shape: (channels, height, width) of an image, (columns,) of a row.
        train, validation, test: the number of examples in each split.
        fingerprint: of the examples and their splits; empty for a built-in data set, which its name tells.
        notes: what else a person should know, each a sentence.
        baselines: what simple methods reach on data of the user's own.
    """

    name: str
    format: str
    examples: str
    input_shape: tuple[int, ...]
    heads: tuple[HeadFacts, ...]
    train: int
    validation: int
    test: int
    fingerprint: str
    notes: tuple[str, ...]
    baselines: tuple[BaselineFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionFacts:
    """What may be proposed for one hyperparameter, or for one of several forms of it.

    Attributes:
        name: of the hyperparameter.
        domain: the values in words, such as "0.001 to 1, log" or "relu, tanh".
        condition: where it applies, such as "optimizer = adam or adamw"; empty for everywhere.
    """

    name: str
    domain: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFacts:
    """The space.

    Attributes:
        listed: how many configurations a space has that lists them; 0 for no list.
    """

    name: str
    description: str
    dimensions: tuple[DimensionFacts, ...]
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFacts:
    """A setting of the run that decides its result, as settings.toml has it."""

    name: str
    value: Value | tuple[str, ...]
