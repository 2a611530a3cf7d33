"""The leaderboard with its intervals, the winner, and what configurations cost."""

from __future__ import annotations

from dataclasses import dataclass

from packtune.models.configuration import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A score with its 95% interval.

    Attributes:
        mean: the score; a mean where there were several trainings.
        low, high: bounds.
        trainings: in the mean, 1 or more. With one, the interval is of the examples alone.
        collapsed: how many of them diverged, or stayed far behind the others; they are counted in the mean.
        examples: on which it was measured.
    """

    mean: float
    low: float
    high: float
    trainings: int
    collapsed: int
    examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderFacts:
    """One row of the leaderboard: a configuration.

    Attributes:
        rank: from 1.
        trial: the number of its first trial.
        state: COMPLETE, PRUNED, DIVERGED or FAIL.
        epochs: trained.
        replicates: trials of the search in its mean.
        score: on validation, by the metric of the run, with its interval; none if it has no score.
        accuracy: on validation, 0 to 1; none if it has none.
        test: its score on test examples; none where the winner is not decided, and where it has none.
        test_interval: of the winner, from the trainings of the report; none of all others.
        is_finalist: whether it was trained again from fresh seeds, so that its score is not that of one lucky training.
        is_winner: whether it was selected, or is ahead so far.
        is_tied: whether it cannot be told from the winner.
        parameters: trainable numbers of its network; none if unknown.
        values: of the hyperparameters, in the order of `ReportFacts.hyperparameters`; none where one does not apply.
        seed: of its first trial.
    """

    rank: int
    trial: int
    state: str
    epochs: int
    replicates: int
    score: Interval | None
    accuracy: float | None
    test: float | None
    test_interval: Interval | None
    is_finalist: bool
    is_winner: bool
    is_tied: bool
    parameters: int | None
    values: tuple[Value | None, ...]
    seed: int

    @property
    def is_seen_once(self) -> bool:
        """Tell whether its score is of a single training: such rows are set apart."""
        return not self.is_finalist and self.replicates == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerFacts:
    """The winner, or what is ahead so far.

    Attributes:
        trial: its number; its row is the one of the leaderboard with `is_winner`.
        configuration: (name, value) of each hyperparameter that counts.
        score: what a fresh training of it reaches on test examples, by the metric of the run, with its interval; none
            before the report of the confirmation, and without a confirmation.
        accuracy: the same in terms of accuracy; none where `score` is none.
        model_test: the score of its kept network alone on the test examples; none where there is no confirmation.
        ties: trials of the other configurations that cannot be told from it.
        smallest_tie: the one of these with the fewest parameters, if it has fewer than the winner.
        lines: the winner described in words, as the command line prints it: a headline, then further lines.
        space: its configuration as TOML, for `packtune run --space`.
    """

    trial: int
    configuration: tuple[tuple[str, Value], ...]
    score: Interval | None
    accuracy: Interval | None
    model_test: Interval | None
    ties: tuple[int, ...]
    smallest_tie: int | None
    lines: tuple[str, ...]
    space: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePoint:
    """A configuration by its score and by what it costs.

    Attributes:
        trial: its number in the leaderboard.
        cost: parameters, or seconds of a full training.
        score: on validation.
        is_finalist: whether its score is of several trainings from fresh seeds.
        on_front: whether no configuration that costs as little has a better score.
    """

    trial: int
    cost: float
    score: float
    is_finalist: bool
    on_front: bool
