"""How far a search is, for those who show it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from packtune.data.description import Description
from packtune.models.configuration import Configuration, Value
from packtune.models.training.metrics.catalog import Metric
from packtune.trial import TrialState

Kind = tuple[Description, Configuration]
"""What trials must share to take as long: the data set, and the shape of a pack with otherwise default values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the finished trials of a kind took: their number, all their epochs, and all their seconds of training."""

    trials: int = 0
    epochs: int = 0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            trials=self.trials + other.trials,
            epochs=self.epochs + other.epochs,
            seconds=self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What the stages of a search that have not begun will train.

    Attributes:
        trainings: for each kind that is expected, the number of trainings, and their epochs over all of them.
        share: the share of the time of all trials before that the stages may take if it is more; 0 if the trainings
            are known.
    """

    trainings: tuple[tuple[Kind, int, float], ...] = ()
    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was trained and what is left, by kind, so that the time left can be estimated.

    Attributes:
        spent: by the kind of the finished trials.
        left: for each pack that is proposed and not finished, its kind, its trials, and their epochs still to be
            trained, over all trials; of a pack that stops trials early, about as many as such packs trained before.
        unproposed: trials of which nothing is known yet.
        training: the number of packs in training.
        later: full trainings that the stages to come will have at least; those of the stage at hand are in `left`.
    """

    spent: Mapping[Kind, Spent] = field(default_factory=dict)
    left: tuple[tuple[Kind, int, float], ...] = ()
    unproposed: int = 0
    training: int = 0
    later: Later = field(default_factory=Later)


class StageName(StrEnum):
    """The stages of a search, in their order."""

    EXPLORATION = "exploration"
    SELECTION = "selection"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """One of the best COMPLETE trials so far.

    Attributes:
        score: on validation, by the metric of the search.
        values: the hyperparameters that count in its configuration, with their values.
    """

    trial: int
    score: float
    values: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackProgress:
    """How far a pack is that a worker trains.

    Attributes:
        number: of the pack.
        members: trials that it began with.
        epochs, of_epochs: trained so far, and to be trained.
        search: name of its search, where several run together; else empty.
    """

    number: int
    architecture: str
    members: int
    epochs: int
    of_epochs: int
    search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a search is, and how long it will take.

    Attributes:
        per_minute: trials a minute in the last minutes, 0 or more; epochs count as parts of trials.
        left_s: the seconds until its end, at least and at most; none if nothing is known of them.
    """

    per_minute: float
    left_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a search is, or several that run together.

    Attributes:
        trials: of the whole search, the trainings of finalists that are known by now among them.
        trainings, trained: these trainings, and how many of them have an outcome.
        finished: the number of trials with an outcome, by state.
        running: the number of trials in training, without the packs that wait for a worker.
        under_way: what the running trials have trained, in full trainings.
        best: (trial number, score on validation) of the best COMPLETE trial so far.
        metric: of the scores.
        load: by kind of trial; none if it is not known.
        stage: the one at hand.
        leaders: the best COMPLETE trials so far, at most five, the best first.
        rise: (finished trials, score) at each trial that was better than all before it.
        packs: those in training.
        pace: as another process has measured it; none where the one that shows the standing is to measure.
    """

    trials: int
    finished: Counter[TrialState]
    running: int
    under_way: float
    best: tuple[int, float] | None
    trainings: int = 0
    trained: int = 0
    load: Load | None = None
    metric: Metric = Metric.ACCURACY
    stage: StageName = StageName.EXPLORATION
    leaders: tuple[Leader, ...] = ()
    rise: tuple[tuple[int, float], ...] = ()
    packs: tuple[PackProgress, ...] = ()
    pace: Pace | None = None


def add_up(standings: Sequence[Standing]) -> Standing:
    """Give the standing of several searches together; the best trials are named only where there is one search."""
    alone = standings[0] if len(standings) == 1 else None
    return Standing(
        trials=sum(standing.trials for standing in standings),
        finished=sum((standing.finished for standing in standings), Counter()),
        running=sum(standing.running for standing in standings),
        under_way=math.fsum(standing.under_way for standing in standings),
        best=alone.best if alone else None,
        metric=standings[0].metric,
        trainings=sum(standing.trainings for standing in standings),
        trained=sum(standing.trained for standing in standings),
        load=_add_loads([standing.load for standing in standings if standing.load is not None]),
        stage=min((standing.stage for standing in standings), key=list(StageName).index),
        leaders=alone.leaders if alone else (),
        rise=alone.rise if alone else (),
        packs=tuple(pack for standing in standings for pack in standing.packs),
    )


def _add_loads(loads: Sequence[Load]) -> Load:
    spent: dict[Kind, Spent] = {}
    for load in loads:
        for kind, more in load.spent.items():
            spent[kind] = spent.get(kind, Spent()) + more
    return Load(
        spent=spent,
        left=tuple(pack for load in loads for pack in load.left),
        unproposed=sum(load.unproposed for load in loads),
        training=sum(load.training for load in loads),
        later=Later(
            trainings=tuple(each for load in loads for each in load.later.trainings),
            share=max((load.later.share for load in loads), default=0.0),
        ),
    )
