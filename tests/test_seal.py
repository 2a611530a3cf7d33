"""The seal of the test images: whoever proposes, compares or selects cannot reach an accuracy on them."""

from __future__ import annotations

import ast

import pytest

from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.metrics.score import Score
from packtune.trial import Accuracy, Answers, Outcome, TrialState

SEALED = ("search/proposals/", "search/confirmation/", "search/dispatch/halving.py", "search/dispatch/knowledge.py")
OPENED = "search/confirmation/verdict.py"  # reads test answers, once all is decided
SECRETS = {"test", "right_test", "test_score", "test_accuracy", "test_mean"}


def reads(tree):
    """List the names of test results that code reads."""
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return (attributes | texts) & SECRETS


def test_the_sealed_files_read_no_test_result(source_files):
    sealed = [file for file in source_files if file.path.startswith(SEALED) and file.path != OPENED]
    assert len(sealed) > 20
    assert not [(file.path, reads(file.tree)) for file in sealed if reads(file.tree)]


def test_the_file_that_reads_them_is_imported_by_none_of_these(source_files):
    opened = "packtune.confirmation.verdict"
    importers = [file.path for file in source_files if any(name.startswith(opened) for _, name in file.imports())]
    assert importers
    assert not [path for path in importers if path.startswith((*SEALED, "search/dispatch/", "search/study/"))]


def test_baselines_are_known_to_those_alone_who_show_them(source_files):
    imports = [(file.path, name) for file in source_files for _, name in file.imports()]
    importers = {path for path, name in imports if "aseline" in name}
    shown = (
        "search/report/method.py",
        "search/report/facts/",
        "search/interface/",
        "search/cli/",
        "search/__init__.py",
    )
    assert {path for path in importers if not path.startswith(shown)} == {
        "search/run/ending.py", "search/run/reporting/afterwards.py", "search/run/own/baselines.py",
    }  # fmt: skip


@pytest.mark.parametrize("code", ["outcome.test.joint", "getattr(outcome, 'right_test')", "values['test_score']"])
def test_a_look_at_them_would_be_found(code):
    assert reads(ast.parse(code))


def test_a_sealed_outcome_has_nothing_of_them():
    accuracy, answers = Accuracy(joint=0.5, heads=(0.5,), measured=Score(value=0.5)), Answers(bits=b"a", images=8)
    outcome = Outcome(
        state=TrialState.COMPLETE, validation=accuracy, test=accuracy, right_validation=answers, right_test=answers,
        metric=Metric.AUC,
    )  # fmt: skip
    sealed = outcome.sealed()
    assert (sealed.test, sealed.right_test) == (None, None)
    assert (sealed.validation, sealed.right_validation) == (accuracy, answers)
    assert not {"right_test", "test_score"} & set(sealed.to_json())
    assert Outcome.from_json(outcome.to_json()) == outcome


def test_nothing_that_decides_knows_of_reports(source_files):
    """A report shows test results: whoever proposes, compares, selects or records must not read one."""
    reports = (
        "packtune.report.facts",
        "packtune.report.summary",
        "packtune.run.reporting",
        "packtune.models.examination",
    )
    imports = [(file.path, name) for file in source_files for _, name in file.imports()]
    importers = {path for path, name in imports if name.startswith(reports)}
    assert importers
    deciding = (*SEALED, "search/dispatch/", "search/study/", "search/worker/", "search/execution/")
    assert not [path for path in importers if path.startswith(deciding)]
