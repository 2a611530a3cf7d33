"""The hyperparameters that were searched: their axes, and how much each matters."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.models.configuration import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceFacts:
    """How much a hyperparameter matters for being among the best tenth of the trials, at least five.

    By PED-ANOVA (Watanabe, Bansal and Hutter 2023), see `packtune.proposals.from_optuna.importance`.

    Attributes:
        hyperparameter: its name.
        condition: where it applies, such as "optimizer = adam"; empty for everywhere.
        trials: that it was judged by: those in which its condition holds, diverged and failed ones as the worst.
        share: of all that the hyperparameters explain that apply in each of these trials, 0 to 1.
    """

    hyperparameter: str
    condition: str
    trials: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HyperparameterFacts:
    """A hyperparameter that trials differ in.

    Attributes:
        name: of the hyperparameter.
        choices: its values in order, if it is one of some values; empty for a range.
        low, high: the bounds of a range, which hold all values that were tried; none for choices.
        is_log: whether the range is even in its logarithm.
        is_whole: whether the values of the range are whole numbers.
        is_conditional: whether there are trials in which it does not apply.
    """

    name: str
    choices: tuple[Value, ...]
    low: float | None
    high: float | None
    is_log: bool
    is_whole: bool
    is_conditional: bool
