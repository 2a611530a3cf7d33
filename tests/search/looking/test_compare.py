"""Two runs beside each other: what differs, which winner is better, and how the best score rose."""

from __future__ import annotations

import itertools
import json
import shutil

import numpy as np
import pytest

from packtune.interface.looking.comparing import report_values
from packtune.interface.looking.reading import read_run
from packtune.run.ending import read_ending
from packtune.run.find import find_run


def compared(packtune, results, first, second):
    code, out, err = packtune("compare", first, second, "--results", results, "--json")
    assert code == 0, err
    return json.loads(out)


def test_settings_and_winners_stand_side_by_side(trained, packtune):
    found = compared(packtune, trained, "first", "second")
    changed = {each["name"]: (each["first"], each["second"], each["decides"]) for each in found["settings"]}
    assert changed == {"trials": (8, 9, True)}
    endings = [read_ending(find_run(name, trained)) for name in ("first", "second")]
    for side, ending in zip(("first", "second"), endings, strict=True):
        assert found[f"winner_{side}"]["trial"] == ending.winner.row.trial
        assert found[f"winner_{side}"]["expected"]["mean"] == ending.verdict.test.mean
    shown = packtune("compare", "first", "second", "--results", trained)[1]
    assert shown.startswith("setting  first  second\n")
    assert "hidden_units" in shown and "o first, x second, * both" in shown
    assert f"show first --results {trained}" in shown


def test_the_same_seed_is_compared_seed_by_seed_and_another_image_by_image(trained, packtune):
    names = ("first", "second", "other-seed")
    values = {name: report_values(read_run(find_run(name, trained))) for name in names}
    for (one, other), pairing in [(("first", "second"), "images and seeds"), (("first", "other-seed"), "images")]:
        found = compared(packtune, trained, one, other)
        difference = found["difference"]
        assert difference["pairing"] == pairing
        assert found["test_images"] == 270 and found["why_not"] == ""
        assert difference["mean"] == pytest.approx(values[one].mean() - values[other].mean())
        assert difference["trainings"] == [2, 2]
        assert difference["low"] < difference["mean"] < difference["high"]
        shown = " ".join(packtune("compare", one, other, "--results", trained)[1].split())
        assert "on the same 270 test images" in shown
        assert ("seed by seed" in shown) == (pairing == "images and seeds")


def test_answers_of_the_report_are_those_that_the_winner_is_judged_by(trained):
    found = read_run(find_run("first", trained))
    values = report_values(found)
    assert values.shape == (2, 270)
    assert values.dtype == np.bool_
    assert values.mean() == pytest.approx(found.ending.verdict.test.mean)


def test_what_cannot_be_compared_says_why(trained, packtune):
    for other, words in [("unconfirmed", "no fresh trainings"), ("stopped", "no fresh trainings"),
                         ("by-loss", "different metrics"), ("new", "no fresh trainings")]:  # fmt: skip
        found = compared(packtune, trained, "first", other)
        assert found["difference"] is None
        assert words in found["why_not"]
        assert words in packtune("compare", "first", other, "--results", trained)[1]
    code, _, err = packtune("compare", "first", "first", "--results", trained)
    assert code == 2
    assert "was given twice" in err


def test_a_run_and_its_copy_have_the_same_winner(results, packtune):
    shutil.copytree(results / "runs/first", results / "runs/copy")
    found = compared(packtune, results, "first", "copy")
    assert found["settings"] == []
    assert found["difference"]["mean"] == 0
    shown = packtune("compare", "first", "copy", "--results", results)[1]
    assert shown.startswith("The settings are the same.")
    assert "cannot be told apart" in shown


@pytest.mark.parametrize("name", ["first", "by-loss"])
def test_the_best_so_far_only_gets_better(trained, packtune, name):
    best = compared(packtune, trained, name, "second")["best_first"]
    records, metric = (
        read_ending(find_run(name, trained)).records,
        read_run(find_run(name, trained)).run.settings.plan.metric,
    )
    scores = {r.proposal.number: r.outcome.validation.score for r in records if r.outcome and r.outcome.validation}
    merits = [metric.merit(score) for _, score in best]
    assert all(one <= other for one, other in itertools.pairwise(merits))
    assert merits[-1] == max(map(metric.merit, scores.values()))
    assert all(scores[trial] == score for trial, score in best[:-1])
