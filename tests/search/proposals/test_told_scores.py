"""What samplers are told of a search by another metric than accuracy: what its scores are compared by, and no more."""

from __future__ import annotations

import pytest

from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.score import Score
from packtune.proposals.catalog import SAMPLERS, make_proposer
from packtune.proposals.proposer import propose
from packtune.settings import SearchPlan
from packtune.space.catalog import SPACES
from packtune.trial import Accuracy, Outcome, TrialState

LEARNING = [name for name, entry in SAMPLERS.items() if entry.learns]


pytestmark = pytest.mark.usefixtures("one_thread")


def by_accuracy(state, merit):
    reached = Accuracy(joint=merit, heads=(0.5,))
    known = state in (TrialState.COMPLETE, TrialState.PRUNED)
    return Outcome(state=state, epochs=3, curve=((3, merit),), validation=reached if known else None)


def by(metric, state, score):
    reached = Accuracy(joint=0.5, heads=(0.5,), measured=Score(value=score, error=0.01, as_many=90))
    known = state in (TrialState.COMPLETE, TrialState.PRUNED)
    return Outcome(state=state, epochs=3, curve=((3, score),), validation=reached if known else None, metric=metric)


def scores_of(metric, suggestions):
    return [suggestion.values["momentum"] * (1 if metric.entry.larger_is_better else 3) for suggestion in suggestions]


def propose_after(outcomes_of):
    """Propose 24 trials, each window told before the next."""

    def search(sampler):
        proposer = make_proposer(SPACES["sgd"], SearchPlan(sampler=sampler, seed=3, trials=200))
        found, pack = [], 0
        while len(found) < 24:
            first = len(found)
            found += propose(proposer, first=first, pack=pack, left=24 - first, capacity=lambda _: 4)
            outcomes = outcomes_of(found)
            for number in range(first, len(found)):
                proposer.add(number, found[number])
            for number in range(first, len(found)):
                proposer.tell(number, outcomes[number])
            pack += 1
        return found

    return search


STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.COMPLETE, TrialState.DIVERGED)


@pytest.mark.parametrize("metric", [Metric.LOG_LOSS, Metric.AUC])
@pytest.mark.parametrize("sampler", LEARNING)
def test_a_score_teaches_what_an_accuracy_of_its_merit_would(sampler, metric):
    def scored(found):
        scores = scores_of(metric, found)
        return [by(metric, STATES[number % 4], score) for number, score in enumerate(scores)]

    def accurate(found):
        scores = scores_of(metric, found)
        return [by_accuracy(STATES[number % 4], metric.merit(score)) for number, score in enumerate(scores)]

    assert propose_after(scored)(sampler) == propose_after(accurate)(sampler)
