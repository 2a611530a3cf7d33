"""A quick part of the fault suite, and that the suite finds what it is there to find."""

from __future__ import annotations

import random
import shutil

import guilty
import kills
import pytest
import signalled
from fault_table import Row, keep_row, read_rows
from faults import FAULTS, Fault, try_fault
from moments import Moments
from searches import Search, undisturbed
from simulated import simulate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder that all searches share: the undisturbed one is made once."""
    return tmp_path_factory.mktemp("faults")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("break_it", "tries"),
    [
        pytest.param(kills.shuffled_workers, 1, marks=pytest.mark.long),
        (kills.killed_driver, 1),
        (kills.killed_worker, 2),
        pytest.param(signalled.stopped_driver, 1, marks=pytest.mark.long),
    ],
)
def test_whatever_is_killed_the_search_ends_the_same(folder, break_it, tries):
    break_it(tries, random.Random(1), folder)


@pytest.mark.slow
def test_a_member_that_cannot_be_trained_is_found_and_the_others_complete(folder):
    guilty.guilty_members(1, random.Random(1), folder, kinds=("raise", "exit", "nan"), trials=8)


def test_a_long_search_keeps_its_files_in_proportion(tmp_path):
    assert "MB more for 300 trials" in simulate(300, tmp_path)


@pytest.mark.slow
def test_a_leaderboard_that_differs_by_one_byte_is_found(folder):
    calm = undisturbed(folder)
    changed = Search(folder, "changed")
    shutil.copytree(Search(folder, "calm").run_folder.path, changed.run_folder.path)
    changed.check(calm)
    changed.run_folder.leaderboard_csv.write_bytes(calm[:-2] + b"0\n")
    with pytest.raises(AssertionError, match="leaderboard.csv differs"):
        changed.check(calm)


@pytest.mark.slow
def test_moments_fall_in_every_stage(folder):
    undisturbed(folder)
    moments, draws = Moments(Search(folder, "calm")), random.Random(2)
    drawn = [moments.draw(draws) for _ in range(9)]
    # 16 trials, two trainings of each of four finalists, and two for the report.
    stages = [(number >= 16) + (number >= 24) for number in drawn]
    assert all(1 <= number < 26 for number in drawn)
    assert stages == [0, 1, 2, 1, 2, 0, 2, 0, 1]
    moments.note(Search(folder, "calm"))
    moments.note(Search(folder, "never-begun"))
    assert str(moments) == (
        "1 before the first outcome, 0 in exploration, 0 in selection, 0 in the report, 1 after the last"
    )


def test_a_trial_that_is_lost_or_changed_is_found():
    kills.check_kept({1: {"epochs": 1}}, {1: {"epochs": 1}, 2: {"epochs": 1}})
    for after in ({}, {1: {"epochs": 2}}):
        with pytest.raises(AssertionError, match="lost or changed"):
            kills.check_kept({1: {"epochs": 1}}, after)


def test_a_fault_that_does_not_hold_is_written_down_as_such():
    def break_it(tries, draws, folder):
        raise AssertionError("it broke\nin two lines")

    row = try_fault("breaks", Fault(break_it, 50, "never"), tries=3, seed=4)
    assert (row.held, row.tries, row.seed, row.measured) == ("no", "3", "4", "AssertionError: it broke in two lines")


def row_of(fault, held="yes", measured="5 | 6"):
    return Row(fault=fault, tries="1", must_hold="x", held=held, measured=measured, seed="0", minutes="0.1")


def test_a_row_that_is_measured_again_takes_its_place(tmp_path):
    for fault in ("b", "a", "gone"):
        keep_row(tmp_path, row_of(fault), ["a", "b", "gone"])
    keep_row(tmp_path, row_of("b", held="no"), ["a", "b"])
    assert read_rows(tmp_path) == [row_of("a"), row_of("b", held="no")]
    lines = [line for line in (tmp_path / "faults.md").read_text().splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[3].strip() for line in lines] == ["held", "yes", "no"]
    assert "5 \\| 6" in lines[1]


def test_every_fault_has_a_name_and_tries_of_its_own():
    assert len(FAULTS) == 24
    assert all(fault.tries >= 1 and fault.must_hold for fault in FAULTS.values())
