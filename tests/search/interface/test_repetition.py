"""A new run says so if it repeats an earlier one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from packtune.interface.repetition import describe_repetition
from packtune.run.planning import create_run, plan_search
from packtune.run.settings_file import write_settings
from packtune.settings import Resources
from packtune.space.source import find_space


def made(results, name=None, space="wide", resources=None, **options):
    source = find_space(space)
    plan = plan_search("digits", source, options)
    return create_run(plan, resources or Resources(), source, results=results, name=name)


def test_the_same_settings_repeat_a_run_and_the_text_says_how_to_get_other_trials(tmp_path):
    assert describe_repetition(made(tmp_path)) == ""
    text = describe_repetition(made(tmp_path, resources=Resources(workers=2)))
    assert text.startswith("This run repeats the run 'digits-wide-001': its settings and its seed 0 are the same")
    assert "(--seed 1)" in text
    assert f"resume digits-wide-001 --results {tmp_path} --trials +32`" in text


@pytest.mark.parametrize("options", [{"seed": 1}, {"epochs": 3}, {"trials": 64}, {"space": "grid"}, {"halving": False}])
def test_other_settings_repeat_nothing(tmp_path, options):
    made(tmp_path)
    assert describe_repetition(made(tmp_path, **options)) == ""


def test_a_run_that_was_extended_or_settled_is_repeated_all_the_same(tmp_path):
    first = made(tmp_path)
    settled = replace(first.settings.plan, lookahead=4, trials=64)
    write_settings(first.settings.with_plan(settled), first.folder.settings)
    assert describe_repetition(made(tmp_path, lookahead=8)) == ""
    assert "repeats the run 'digits-wide-001'" in describe_repetition(made(tmp_path))


def test_threads_decide_too_and_a_damaged_run_counts_for_nothing(tmp_path):
    made(tmp_path, name="first").folder.settings.write_text("nonsense")
    assert describe_repetition(made(tmp_path, name="second")) == ""
    assert describe_repetition(made(tmp_path, name="third", resources=Resources(cpus_per_worker=2))) == ""


def test_of_a_space_of_ones_own_the_content_counts(tmp_path):
    one, same, other = (tmp_path / f"{name}.toml" for name in ("one", "same", "other"))
    one.write_text("hidden_units = [4, 8]\n")
    same.write_text("hidden_units = [4, 8]\n")
    other.write_text("hidden_units = [4, 9]\n")
    made(tmp_path, space=str(one))
    assert "repeats the run 'digits-one-001'" in describe_repetition(made(tmp_path, space=str(same)))
    assert describe_repetition(made(tmp_path, space=str(other))) == ""
