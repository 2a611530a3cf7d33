"""The standing of a search as JSON, for other processes: what is shown of it, not what only its driver needs."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping

from packtune.data.files import readable
from packtune.dispatch.standing import Leader, Pace, PackProgress, StageName, Standing
from packtune.models.configuration import Value
from packtune.models.training.metrics.catalog import Metric
from packtune.trial import TrialState

NO_PACE = Pace(per_minute=0.0, left_s=None)
"""Of a search that is not going on, or of which nothing is known."""


def write_standing(standing: Standing, pace: Pace) -> dict[str, object]:
    """Write a standing with JSON's types only.

    Args:
        pace: at this moment.
    """
    best = standing.best
    return {
        "trials": standing.trials,
        "finished": {state.value: n for state, n in standing.finished.items()},
        "running": standing.running,
        "under_way": standing.under_way,
        "best": None if best is None else {"trial": best[0], "score": best[1]},
        "trainings": standing.trainings,
        "trained": standing.trained,
        "metric": standing.metric.value,
        "stage": standing.stage.value,
        "leaders": [
            {"trial": each.trial, "score": each.score, "values": dict(each.values)} for each in standing.leaders
        ],
        "rise": [{"finished": when, "score": score} for when, score in standing.rise],
        "packs": [dataclasses.asdict(pack) for pack in standing.packs],
        "per_minute": pace.per_minute,
        "left_s": None if pace.left_s is None else list(pace.left_s),
    }


def read_standing(given: object, passed_s: float) -> Standing:
    """Read what `write_standing` wrote.

    Args:
        passed_s: the seconds since then, by which the time left is shorter.

    Raises:
        KeyError, TypeError, ValueError: something else wrote it.
    """
    values = table_of(given)
    best = None if values["best"] is None else table_of(values["best"])
    return Standing(
        trials=_whole(values["trials"]),
        finished=Counter({TrialState(state): _whole(n) for state, n in table_of(values["finished"]).items()}),
        running=_whole(values["running"]),
        under_way=number_of(values["under_way"]),
        best=None if best is None else (_whole(best["trial"]), number_of(best["score"])),
        trainings=_whole(values["trainings"]),
        trained=_whole(values["trained"]),
        metric=Metric(str(values["metric"])),
        stage=StageName(str(values["stage"])),
        leaders=tuple(_leader(table_of(each)) for each in list_of(values["leaders"])),
        rise=tuple(_point(table_of(each)) for each in list_of(values["rise"])),
        packs=tuple(_pack(table_of(each)) for each in list_of(values["packs"])),
        pace=_pace(values["per_minute"], values["left_s"], passed_s),
    )


def _pace(per_minute: object, left_s: object, passed_s: float) -> Pace:
    left = None
    if left_s is not None:
        low, high = (number_of(end) - passed_s for end in list_of(left_s))
        left = (max(0.0, low), high) if high > 0 else None
    return Pace(per_minute=number_of(per_minute), left_s=left)


def _leader(values: Mapping[str, object]) -> Leader:
    own = tuple((one_line(name), _value(value)) for name, value in table_of(values["values"]).items())
    return Leader(trial=_whole(values["trial"]), score=number_of(values["score"]), values=own)


def _value(value: object) -> Value:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, bool | int | float):
        return value
    raise TypeError(f"not the value of a hyperparameter: {value!r}")


def _point(values: Mapping[str, object]) -> tuple[int, float]:
    return _whole(values["finished"]), number_of(values["score"])


def _pack(values: Mapping[str, object]) -> PackProgress:
    epochs, of_epochs = _whole(values["epochs"]), _whole(values["of_epochs"])
    if epochs > of_epochs or not of_epochs:
        raise ValueError("a pack that trains longer than it should")
    return PackProgress(
        number=_whole(values["number"]),
        architecture=one_line(values["architecture"]),
        members=_whole(values["members"]),
        epochs=epochs,
        of_epochs=of_epochs,
        search=one_line(values["search"]),
    )


def one_line(text: object) -> str:
    """Give a text as any terminal can show it, in one line."""
    return readable(str(text).encode("utf-8", "backslashreplace").decode())


def table_of(value: object) -> dict[str, object]:
    """Make sure that a value is one of JSON's objects.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, dict):
        raise TypeError(f"no object: {value!r}")
    return value


def list_of(value: object) -> list[object]:
    """Make sure that a value is a list.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, list):
        raise TypeError(f"no list: {value!r}")
    return value


def number_of(value: object) -> float:
    """Make sure that a value is a number.

    Raises:
        TypeError: it is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"no number: {value!r}")
    return float(value)


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"no count: {value!r}")
    return value
