"""A journal and a database for studies, and training that is worked out instead of done."""

from __future__ import annotations

import hashlib

import pytest

from packtune.dispatch.halving import survivors
from packtune.dispatch.pack_task import PackReport
from packtune.trial import Accuracy, Outcome, TrialState


@pytest.fixture(params=["journal", "sqlite"])
def storage_of(request, tmp_path):
    """Give the arguments of open_storage for one storage, the same at each call."""
    return tmp_path / "study.journal", None if request.param == "journal" else f"sqlite:///{tmp_path}/studies.db"


def draw(*parts):
    """Give a number from 0 to 1 that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big") / 2**32


@pytest.fixture(scope="session")
def train():
    """Give a stand-in for training: a report that is a function of the task, with every kind of outcome."""
    return _train


def _train(task):
    trials = task.pack.proposals
    accuracies = [round(draw(p.configuration.used(), p.seed), 3) for p in trials]
    outcomes = [None] * len(trials)
    for index, proposal in enumerate(trials):
        kind = draw("kind", proposal.seed)
        if kind < 0.08:
            outcomes[index] = Outcome(state=TrialState.FAIL, reason="it broke")
        elif kind < 0.16:
            outcomes[index] = Outcome(state=TrialState.DIVERGED, epochs=1, curve=((1, 0.0),), reason="it diverged")
    for rung in task.halving.rungs:
        still_open = [index for index, outcome in enumerate(outcomes) if outcome is None]
        kept = survivors([accuracies[index] for index in still_open], task.halving.told.get(rung, ()))
        for position, index in enumerate(still_open):
            if position not in kept:
                outcomes[index] = _ended(TrialState.PRUNED, rung, accuracies[index])
    return PackReport(
        outcomes=tuple(
            outcome or _ended(TrialState.COMPLETE, task.epochs, accuracy)
            for outcome, accuracy in zip(outcomes, accuracies, strict=True)
        )
    )


def _ended(state, epochs, accuracy):
    reached = Accuracy(joint=accuracy, heads=(accuracy,))
    curve = tuple((epoch, accuracy) for epoch in range(1, epochs + 1))
    return Outcome(state=state, epochs=epochs, curve=curve, validation=reached, test=reached, seconds=0.5, device="cpu")
