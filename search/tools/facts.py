"""What tools show of a training: its hyperparameters and numbers, by the names that the tables of a run use."""

from __future__ import annotations

from packtune.models.configuration import Value
from packtune.settings import SearchPlan
from packtune.tools.listener import Finished
from packtune.trial import Accuracy, Outcome


def hyperparameters_of(finished: Finished) -> dict[str, Value]:
    """List the values that count, as the leaderboard has them."""
    return finished.proposal.configuration.counting()


def curve_of(outcome: Outcome) -> tuple[str, tuple[tuple[int, float], ...]]:
    """Give the name of the curve, and its points: (epoch, score on validation)."""
    return f"validation_{outcome.metric.column}", outcome.curve


def numbers_of(outcome: Outcome) -> dict[str, float]:
    """List what is known at the end of a training, besides its curve. Accuracies are shares, 0 to 1.

    The test's are for those who look: the search never sees them.
    """
    scores = {**_scores("validation", outcome, outcome.validation), **_scores("test", outcome, outcome.test)}
    if outcome.curve:
        scores.pop(curve_of(outcome)[0], None)  # its last point is the same
    return {**scores, "training_seconds": outcome.seconds, "epochs": float(outcome.epochs)}


def _scores(split: str, outcome: Outcome, accuracy: Accuracy | None) -> dict[str, float]:
    if accuracy is None:
        return {}
    return {f"{split}_accuracy": accuracy.joint, f"{split}_{outcome.metric.column}": accuracy.score}


def settings_of(plan: SearchPlan) -> dict[str, object]:
    """List the settings of a search that tools show."""
    return {
        "data": plan.data,
        "space": plan.space,
        "sampler": plan.sampler,
        "trials": plan.trials,
        "epochs": plan.epochs,
        "seed": plan.seed,
        "metric": plan.metric.value,
        "protocol": plan.protocol.value,
        "halving": plan.halving,
        "confirm": plan.confirm,
        "prefer": plan.prefer.value,
    }
