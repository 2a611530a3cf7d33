"""One run, and one of its trials: what is told, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from packtune.report.looking.plot import Curve, plot
from packtune.report.words import describe_winner
from packtune.run.ending import read_ending, read_outcomes
from packtune.run.find import find_run
from packtune.trial import TrialState


@pytest.fixture(scope="module")
def first(trained):
    return read_ending(find_run("first", trained))


def test_a_run_says_what_was_searched_how_it_stands_and_what_goes_on(trained, packtune, first):
    code, out, _ = packtune("show", "first", "--results", trained)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == f"Run first in {trained}/runs/first"
    assert lines[1].startswith("Searched: space my-space.toml on digits, sampler random, epochs 1, seed 0")
    assert "finished" in lines[2] and "8 of 8 trials" in lines[2]
    assert lines[3:5] == describe_winner(first.winner).splitlines()[:2]
    for words in ("resume first", "best first", "predict first", "leaderboard first", "remove first", "show first"):
        assert f"{words} --results {trained}" in out
    assert " TRIAL" in out


def test_a_run_in_full_for_programs(trained, packtune, first):
    found = json.loads(packtune("show", "first", "--results", trained, "--json")[1])
    assert (found["run"]["name"], found["run"]["state"], found["settings"]["seed"]) == ("first", "finished", 0)
    assert sum(found["states"].values()) == 8
    assert found["winner"]["score"] == first.winner.row.score
    assert found["winner"]["expected"]["mean"] == first.verdict.test.mean
    assert found["winner"]["configuration"] == first.winner.row.configuration.used()
    _, confirmed = read_outcomes(find_run("first", trained))
    assert (found["trainings"], found["open_trainings"]) == (len(confirmed), 0)


def test_runs_that_are_not_finished_say_so(trained, packtune):
    out = packtune("show", "stopped", "--results", trained)[1]
    assert "State: stopped" in out and "2 of 8 trials" in out
    assert "Go on: " in out and "--trials" not in out.split("Go on: ")[1].splitlines()[0]
    new = json.loads(packtune("show", "new", "--results", trained, "--json")[1])
    assert (new["run"]["state"], new["winner"], new["run"]["best"], new["states"]) == ("new", None, None, {})
    assert "0 of 8 trials" in packtune("show", "new", "--results", trained)[1]


def test_the_winner_lists_its_trainings_in_the_confirmation(trained, packtune, first):
    winner, (_, confirmed) = first.winner.row, read_outcomes(find_run("first", trained))
    found = json.loads(packtune("show", "first", winner.trial, "--results", trained, "--json")[1])
    assert (found["rank"], found["rows"]) == (1, len(first.rows))
    by_stage = {
        stage: [each for each in found["trainings"] if each["stage"] == stage] for stage in ("selection", "report")
    }
    assert len(by_stage["selection"]) == winner.confirmed.spread.trainings
    scores = [each["validation"] for each in by_stage["selection"]]
    assert sum(scores) / len(scores) == pytest.approx(winner.confirmed.spread.mean)
    reported = [each["test"] for each in by_stage["report"]]
    assert len(reported) == 2
    assert sum(reported) / len(reported) == pytest.approx(first.verdict.test.mean)
    assert sum(len(json.loads(packtune("show", "first", n, "--results", trained, "--json")[1])["trainings"])
               for n in {row.trial for row in first.rows if row.confirmed}) == len(confirmed)  # fmt: skip


def test_each_trial_tells_why_it_ended(trained, packtune, first):
    states = {record.state for record in first.records}
    assert TrialState.COMPLETE in states
    for record in first.records:
        number, outcome = record.proposal.number, record.outcome
        found = json.loads(packtune("show", "first", number, "--results", trained, "--json")[1])
        assert (found["state"], found["reason"]) == (record.state.value, outcome.reason)
        assert found["curve"] == [list(point) for point in outcome.curve]
        assert first.rows[found["rank"] - 1].configuration == record.proposal.configuration
        assert found["configuration"] == record.proposal.configuration.used()
        shown = packtune("show", "first", number, "--results", trained)[1]
        assert shown.startswith(f"Trial {number} of run first: {record.state} after 1 of 1 epochs")
        assert "accuracy on validation" in shown


def test_a_trial_that_is_not_there_is_missed_with_those_that_are(trained, packtune):
    code, out, err = packtune("show", "first", "8", "--results", trained)
    assert (code, out) == (2, "")
    assert "has no trial 8: its trials are 0 to 7" in " ".join(err.split())
    assert "leaderboard first" in err
    assert packtune("show", "first", "--results", trained, "x")[0] == 2
    assert "its trials are none yet" in " ".join(packtune("show", "new", "0", "--results", trained)[2].split())


def test_looking_writes_nothing(results, packtune, files_of):
    (results / "runs/new/study.journal").unlink(missing_ok=True)
    before = files_of(results)
    for command in (("show", "first"), ("show", "first", "0"), ("show", "new"), ("compare", "first", "second")):
        assert packtune(*command, "--results", results)[0] == 0
    assert files_of(results) == before


def test_a_plot_has_a_scale_and_every_last_value():
    lines = plot([Curve(mark="o", points=((1, 0.25), (2, 0.5), (3, 1.0)))], x_name="epoch", width=40)
    assert len(lines) == 10
    assert lines[0].startswith(" 1.0000 | ") and lines[0].endswith("o")
    assert lines[7].startswith(" 0.2500 | oo")
    assert lines[9].split() == ["1", "3", "epoch"]
    assert all(len(line) <= 40 for line in lines)


def test_curves_that_meet_are_marked():
    one, other = Curve(mark="o", points=((0, 0.1), (4, 0.9))), Curve(mark="x", points=((0, 0.1), (2, 0.9)))
    text = "\n".join(plot([one, other], x_name="trial"))
    assert {"o", "x", "*"} <= set(text)


@pytest.mark.parametrize("points", [((5, 0.5),), ((0, 0.5), (9, 0.5)), tuple((n, n / 1000) for n in range(1000))])
@pytest.mark.parametrize("width", [None, 1, 20, 80])
def test_any_curve_can_be_drawn(points, width):
    lines = plot([Curve(mark="o", points=points)], x_name="epoch", width=width)
    assert any("o" in line.partition("|")[2] for line in lines)


def test_nothing_is_drawn_of_nothing():
    assert plot([], x_name="epoch") == []
