"""Our changes to Optuna's samplers: what they know comes from the trials, and no code comes from the study."""

from __future__ import annotations

import pickle

from packtune.space.catalog import load_space
from packtune.study.storage import open_storage
from packtune.study.study import create_study, load_study
from packtune.trial import Accuracy, Outcome, TrialState


class MakesFolder:
    """Leaves a trace where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).mkdir, (self.path,)


def create(storage, sampler):
    return create_study(storage, "test", space=load_space("wide"), sampler=sampler, search_seed=1)


def ask_and_tell(study, numbers, attributes=()):
    proposals = []
    for number in numbers:
        proposals.append(study.ask(number))
        accuracy = Accuracy(joint=proposals[-1].configuration.momentum, heads=(0.5,))
        trial_id = study._study.trials[number]._trial_id
        for key, value in attributes:
            study._study._storage.set_trial_system_attr(trial_id, key, value)
        study.tell(number, Outcome(state=TrialState.COMPLETE, epochs=1, validation=accuracy, test=accuracy))
    return proposals


def test_cma_es_is_worked_out_from_the_trials_and_nothing_of_the_study_is_unpickled(tmp_path):
    marker = tmp_path / "code-was-run"
    payload = pickle.dumps(MakesFolder(marker))
    attributes = [("cma:optimizer:0", payload.hex())]
    with open_storage(tmp_path / "plain", None) as plain, open_storage(tmp_path / "hostile", None) as hostile:
        study = create(plain, "cmaes")
        expected = ask_and_tell(study, range(40))
        assert ask_and_tell(create(hostile, "cmaes"), range(40), attributes) == expected
        attributes_kept = {key for trial in study._study.trials for key in trial.system_attrs}
        assert attributes_kept == {"cma:generation"}
        assert {0, 1, 2} <= {trial.system_attrs.get("cma:generation") for trial in study._study.trials}
    assert not marker.exists()
    pickle.loads(payload)
    assert marker.exists()


def test_cma_es_comes_closer_to_what_it_is_told_is_best(tmp_path):
    with open_storage(tmp_path / "j", None) as storage:
        momenta = [proposal.configuration.momentum for proposal in ask_and_tell(create(storage, "cmaes"), range(80))]
    assert sum(momenta[-20:]) > sum(momenta[:20])


def test_the_points_of_the_quasi_random_sequence_are_numbered_by_trial(tmp_path):
    with open_storage(tmp_path / "a", None) as first, open_storage(tmp_path / "b", None) as second:
        study = create(first, "qmc")
        every = [study.ask(number) for number in range(6)]
        assert len({proposal.configuration.learning_rate for proposal in every}) == 6
        again = create(second, "qmc")
        again.ask(0)
        # Three trials that came from elsewhere take their numbers, and the sequence goes on where it would have been.
        for _ in range(3):
            again._study.add_trial(again._study.trials[0])
        reopened = load_study(second, "test", space=load_space("wide"), sampler="qmc", search_seed=1)
        assert reopened.ask(4) == every[4]
