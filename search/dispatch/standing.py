"""How far a search is, for those who show it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from packtune.data.description import Description
from packtune.models.configuration import Configuration
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
        metric: of that score.
        load: by kind of trial; none if it is not known.
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


def add_up(standings: Sequence[Standing]) -> Standing:
    """Give the standing of several searches together; the best trial is named only where there is one search."""
    return Standing(
        trials=sum(standing.trials for standing in standings),
        finished=sum((standing.finished for standing in standings), Counter()),
        running=sum(standing.running for standing in standings),
        under_way=math.fsum(standing.under_way for standing in standings),
        best=standings[0].best if len(standings) == 1 else None,
        metric=standings[0].metric,
        trainings=sum(standing.trainings for standing in standings),
        trained=sum(standing.trained for standing in standings),
        load=_add_loads([standing.load for standing in standings if standing.load is not None]),
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
