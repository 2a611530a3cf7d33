"""What is known of a member under way, and how a checkpoint keeps it."""

from __future__ import annotations

import json
import math

import pytest

from packtune.models.hardware.device import Device
from packtune.models.training.evaluation import Evaluation
from packtune.trial import Accuracy, Outcome, TrialState
from packtune.worker.member_progress import MemberProgress

GOOD = Evaluation(accuracy=0.5, head_accuracies=(0.75, 0.5), loss=1.0)
LOST = Evaluation(accuracy=0.25, head_accuracies=(0.25, 0.5), loss=math.nan)
PLAIN = {"curve": [[1, 0.5]], "validation": [0.5, 0.75, 0.5], "seconds": 0.25}


def test_a_member_ends_with_what_it_reached():
    progress = MemberProgress().after(1, GOOD, 0.25)
    test = Accuracy(joint=0.5, heads=(0.5, 0.5))
    outcome = progress.ended(TrialState.PRUNED, device=Device.CPU, test=test)
    assert outcome == Outcome(
        state=TrialState.PRUNED,
        epochs=1,
        curve=((1, 0.5),),
        validation=Accuracy(joint=0.5, heads=(0.75, 0.5)),
        test=test,
        seconds=0.25,
        device="cpu",
    )
    assert type(outcome.device) is str


def test_a_member_that_diverged_has_no_accuracy():
    progress = MemberProgress().after(1, GOOD, 0.25).after(2, LOST, 0.25)
    assert (progress.curve, progress.validation, progress.seconds) == (((1, 0.5), (2, 0.0)), None, 0.5)


@pytest.mark.parametrize("state", [TrialState.RUNNING, TrialState.WAITING])
def test_no_outcome_is_still_open(state):
    with pytest.raises(ValueError, match=f"still {state}"):
        Outcome(state=state)


def test_progress_is_read_again():
    for progress in (MemberProgress(), MemberProgress().after(1, GOOD, 0.25), MemberProgress().after(1, LOST, 0.25)):
        assert MemberProgress.from_plain(json.loads(json.dumps(progress.to_plain()))) == progress
    assert MemberProgress().after(1, GOOD, 0.25).to_plain() == PLAIN


@pytest.mark.parametrize(
    "damage",
    [
        {"curve": [[1, 1.5]]},
        {"curve": [[0, 0.5]]},
        {"curve": [[1]]},
        {"curve": {}},
        {"validation": []},
        {"validation": [0.5, "0.5"]},
        {"seconds": -1.0},
        {"seconds": math.inf},
        {"seconds": None},
    ],
)
def test_what_no_training_gives_is_refused(damage):
    with pytest.raises(ValueError, match="no (training|curve|evaluation) has such"):
        MemberProgress.from_plain(PLAIN | damage)
