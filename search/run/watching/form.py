"""The standing of a search as JSON, for other processes: what is shown of it, not what only its driver needs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from packtune.data.files import readable
from packtune.dispatch.standing import Leader, Pace, PackProgress, StageName, Standing
from packtune.models.training.metrics.catalog import Metric
from packtune.trial import TrialState

Plain = Mapping[str, Any]
"""Values of JSON by name; they are checked when they are read."""


def write_standing(standing: Standing, pace: Pace) -> Plain:
    """Write a standing with JSON's types only.

    Args:
        pace: at this moment.
    """
    return {
        "trials": standing.trials,
        "finished": {state.value: n for state, n in standing.finished.items()},
        "running": standing.running,
        "under_way": standing.under_way,
        "best": None if standing.best is None else list(standing.best),
        "trainings": standing.trainings,
        "trained": standing.trained,
        "metric": standing.metric.value,
        "stage": standing.stage.value,
        "leaders": [[each.trial, each.score, dict(each.values)] for each in standing.leaders],
        "rise": [list(point) for point in standing.rise],
        "packs": [[p.number, p.architecture, p.members, p.epochs, p.of_epochs] for p in standing.packs],
        "per_minute": pace.per_minute,
        "left_s": None if pace.left_s is None else list(pace.left_s),
    }


def read_standing(values: Plain, passed_s: float) -> Standing:
    """Read what `write_standing` wrote.

    Args:
        passed_s: the seconds since then, by which the time left is shorter.

    Raises:
        KeyError, TypeError, ValueError: something else wrote it.
    """
    left_s = values["left_s"]
    left = None if left_s is None else (max(0.0, _number(left_s[0]) - passed_s), _number(left_s[1]) - passed_s)
    best = values["best"]
    return Standing(
        trials=_whole(values["trials"]),
        finished=Counter({TrialState(state): _whole(n) for state, n in values["finished"].items()}),
        running=_whole(values["running"]),
        under_way=_number(values["under_way"]),
        best=None if best is None else (_whole(best[0]), _number(best[1])),
        trainings=_whole(values["trainings"]),
        trained=_whole(values["trained"]),
        metric=Metric(values["metric"]),
        stage=StageName(values["stage"]),
        leaders=tuple(_leader(*each) for each in values["leaders"]),
        rise=tuple((_whole(when), _number(score)) for when, score in values["rise"]),
        packs=tuple(_pack(each) for each in values["packs"]),
        pace=Pace(per_minute=_number(values["per_minute"]), left_s=None if left is None or left[1] <= 0 else left),
    )


def _leader(trial: object, score: object, values: Plain) -> Leader:
    if any(not isinstance(value, bool | int | float | str) for value in values.values()):
        raise TypeError("not the values of hyperparameters")
    words = ((one_line(name), one_line(value) if isinstance(value, str) else value) for name, value in values.items())
    return Leader(trial=_whole(trial), score=_number(score), values=tuple(words))


def _pack(values: Sequence[object]) -> PackProgress:
    number, architecture, *counts = values
    members, epochs, of_epochs = map(_whole, counts)
    if epochs > of_epochs or not of_epochs:
        raise ValueError("a pack that trains longer than it should")
    return PackProgress(
        number=_whole(number), architecture=one_line(architecture), members=members, epochs=epochs, of_epochs=of_epochs
    )


def one_line(text: object) -> str:
    """Give a text as any terminal can show it, in one line."""
    return readable(str(text).encode("utf-8", "backslashreplace").decode())


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"no count: {value!r}")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise TypeError(f"no number: {value!r}")
    return float(value)  # type: ignore[arg-type]
