"""The parts of Optuna that it does not promise, and that the samplers rely on nevertheless."""

from __future__ import annotations

import ast
import inspect
import pickle
from pathlib import Path

import optuna
import pytest

import packtune.dispatch
import packtune.proposals
import packtune.space
import packtune.study
from packtune.proposals.catalog import make_proposer
from packtune.proposals.from_optuna.private import PRIVATE_METHODS
from packtune.proposals.proposer import Suggestion, propose
from packtune.settings import SearchPlan
from packtune.space.catalog import SPACES
from packtune.trial import Accuracy, Outcome, TrialState

ARGUMENTS = {
    "_find_sample_id": ["self", "study", "search_space"],
    "_restore_optimizer": ["self", "completed_trials"],
    "_init_optimizer": ["self", "trans", "direction"],
    "_get_solution_trials": ["self", "trials", "generation"],
}


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in PRIVATE_METHODS.items() for name in names]
)
def test_optuna_has_the_private_methods_that_are_relied_on(owner, name):
    file = "search/proposals/from_optuna/private.py"
    advice = f"Optuna {optuna.__version__} changed {owner.__name__}.{name}: adapt {file}"
    assert hasattr(owner, name), advice
    assert list(inspect.signature(getattr(owner, name)).parameters) == ARGUMENTS[name], advice


@pytest.mark.parametrize("name", [name for names in PRIVATE_METHODS.values() for name in names])
def test_optuna_calls_the_private_methods_that_are_replaced(name):
    owner = next(owner for owner, names in PRIVATE_METHODS.items() if name in names)
    tree = ast.parse(inspect.getsource(inspect.getmodule(owner)))
    assert name in {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}, (
        f"Optuna {optuna.__version__} calls {name} no longer: adapt search/proposals/from_optuna/private.py"
    )


def private_names(path):
    """List the names with one leading underscore that a file takes from objects other than its own."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "chosen")
            found |= set() if own else {node.attr}
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("optuna"):
            found |= {name for name in (*node.module.split("."), *(a.name for a in node.names)) if name.startswith("_")}
    return found


@pytest.mark.parametrize("room", [packtune.space, packtune.proposals, packtune.study, packtune.dispatch])
def test_no_other_file_relies_on_what_is_private_in_optuna(room):
    for path in sorted(Path(room.__path__[0]).rglob("*.py")):
        if path.parts[-2:] != ("from_optuna", "private.py"):
            assert private_names(path) == set(), path


class MakesFolder:
    """Leaves a trace where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).mkdir, (self.path,)


def ask_and_tell(n_trials, attributes):
    """Propose trials that come back from the study with these attributes beside their own."""
    found = []
    for number in range(n_trials):
        again = make_proposer(SPACES["sgd"], SearchPlan(sampler="cmaes", seed=1))
        for earlier, (suggestion, outcome) in enumerate(found):
            again.add(earlier, suggestion)
            again.tell(earlier, outcome)
        (suggestion,) = propose(again, first=number, pack=number, left=1, capacity=lambda _: 1)
        accuracy = Accuracy(joint=suggestion.values["momentum"], heads=(0.5,))
        outcome = Outcome(state=TrialState.COMPLETE, epochs=1, validation=accuracy)
        found.append(
            (Suggestion(values=suggestion.values, attributes={**suggestion.attributes, **attributes}), outcome)
        )
    return [suggestion for suggestion, _ in found]


def test_cma_es_is_worked_out_from_the_trials_and_nothing_of_the_study_is_unpickled(tmp_path):
    marker = tmp_path / "code-was-run"
    payload = pickle.dumps(MakesFolder(marker))
    plain = ask_and_tell(40, {})
    hostile = ask_and_tell(40, {"cma:optimizer:0": payload.hex()})
    assert [suggestion.values for suggestion in hostile] == [suggestion.values for suggestion in plain]
    assert {key for suggestion in plain for key in suggestion.attributes} == {"cma:generation"}
    assert {0, 1, 2} <= {suggestion.attributes.get("cma:generation") for suggestion in plain}
    assert not marker.exists()
    pickle.loads(payload)
    assert marker.exists()
