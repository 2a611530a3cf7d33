"""The leaderboard and the winner: a pure function of the study, in which test accuracy orders nothing."""

from __future__ import annotations

import io
import shlex
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from packtune.confirmation.estimate import wilson_interval
from packtune.data.catalog import DATASETS
from packtune.interface.commands import retrain_command
from packtune.models.configuration import Configuration
from packtune.report.leaderboard import leaderboard_frame, trials_frame
from packtune.report.ranking import order_rows, rank_rows
from packtune.report.rendering import to_csv, to_markdown
from packtune.report.screen import to_screen
from packtune.report.winner import pick_winner
from packtune.report.words import describe_winner, space_of
from packtune.run.folder import Run, RunFolder
from packtune.settings import SearchPlan, Settings
from packtune.space.catalog import load_space
from packtune.space.file import parse_space
from packtune.trial import Accuracy, Outcome, Proposal, TrialRecord, TrialState

shares = st.integers(0, 10).map(lambda n: n / 10)


def record(number, validation, test=0.5, *, state=TrialState.COMPLETE, epochs=10, heads=1, reason="", **values):
    def accuracy(value):
        return Accuracy(joint=value, heads=tuple(min(1.0, value + 0.01 * head) for head in range(heads)))

    sound = state in (TrialState.COMPLETE, TrialState.PRUNED)
    outcome = Outcome(
        state=state,
        epochs=epochs,
        curve=((epochs, validation),),
        validation=accuracy(validation) if sound else None,
        test=accuracy(test) if sound else None,
        seconds=1.25 * number,
        reason=reason,
    )
    configuration = Configuration(**({"hidden_units": number + 1} | values))
    return TrialRecord(
        proposal=Proposal(number=number, configuration=configuration, seed=100 + number), state=state, outcome=outcome
    )


def rows_of(records, data="digits"):
    return rank_rows(records, run="test", data=DATASETS[data].description)


def table(text):
    return pd.read_csv(io.StringIO(text))


record_lists = st.lists(
    st.tuples(shares, shares, st.sampled_from([s for s in TrialState if s not in ("WAITING", "RUNNING")])), max_size=20
).map(lambda all_of_them: [record(n, v, t, state=state) for n, (v, t, state) in enumerate(all_of_them)])


@given(record_lists, st.randoms(use_true_random=False))
def test_validation_accuracy_orders_and_ties_go_by_trial(records, random):
    rows = rows_of(records)
    assert [(-row.score, row.trial) for row in rows] == sorted((-row.score, row.trial) for row in rows)
    sound = [row.state in (TrialState.COMPLETE, TrialState.PRUNED) for row in rows]
    assert sound == sorted(sound, reverse=True)
    shuffled = list(records)
    random.shuffle(shuffled)
    assert to_csv(leaderboard_frame(rows_of(shuffled))) == to_csv(leaderboard_frame(rows))


@given(record_lists, st.randoms(use_true_random=False))
def test_test_accuracy_and_times_order_nothing(records, random):
    def other(outcome):
        test = outcome.test and Accuracy(joint=random.random(), heads=(0.5,))
        return replace(outcome, seconds=random.random(), test=test)

    def order_and_winner(trials):
        rows = rows_of(trials)
        winner = pick_winner(rows, validation_images=lambda _: 270)
        return [row.trial for row in rows], winner and (winner.row.trial, [tie.trial for tie in winner.ties])

    others = [replace(r, outcome=other(r.outcome)) for r in records]
    assert order_and_winner(others) == order_and_winner(records)


def test_the_columns_are_those_that_were_promised():
    frame = table(to_csv(leaderboard_frame(rows_of([record(0, 0.9, momentum=0.5), record(1, 0.8)]))))
    assert list(frame.columns[:7]) == [
        "rank", "trial", "state", "epochs", "validation_accuracy", "test_accuracy", "parameters",
    ]  # fmt: skip
    assert frame.columns[-1] == "seed"
    assert frame["parameters"][0] == 784 + 1 + 10 + 10
    assert not [column for column in frame if "second" in column or "time" in column]
    trials = trials_frame([record(0, 0.9), record(3, 0.8)])
    assert list(trials["seconds"]) == [0.0, 3.75]


def test_two_digits_have_their_heads_beside_both_right():
    frame = table(to_csv(leaderboard_frame(rows_of([record(0, 0.8, 0.7, heads=2)], data="mnist-overlap"))))
    row = frame.iloc[0]
    assert (row["validation_accuracy"], row["validation_upper"], row["validation_lower"]) == (0.8, 0.8, 0.81)
    assert (row["test_accuracy"], row["test_upper"], row["test_lower"]) == (0.7, 0.7, 0.71)


def test_replicates_share_a_row_with_their_mean_and_the_longest_trained_count():
    records = [
        record(0, 0.5, hidden_units=8),
        record(1, 0.7, hidden_units=8),
        record(2, 0.9, hidden_units=8, epochs=3, state=TrialState.PRUNED),
        record(3, 0.55, hidden_units=9),
    ]
    rows = rows_of(records)
    assert [(row.trial, row.replicates, row.score) for row in rows] == [(0, 2, pytest.approx(0.6)), (3, 1, 0.55)]
    assert "replicates" in leaderboard_frame(rows).columns


def test_hyperparameters_that_a_network_does_not_use_make_no_difference():
    assert len(rows_of([record(0, 0.5, hidden_units=8, filters=8), record(1, 0.6, hidden_units=8, filters=16)])) == 1


def test_open_trials_have_no_row_and_failed_ones_say_why():
    waiting = replace(record(1, 0.5), state=TrialState.WAITING, outcome=None)
    failed = record(2, 0.0, state=TrialState.FAIL, reason="=cmd|' /C calc'!A0")
    rows = rows_of([record(0, 0.5), waiting, failed])
    assert [(row.trial, row.state) for row in rows] == [(0, TrialState.COMPLETE), (2, TrialState.FAIL)]
    reasons = table(to_csv(trials_frame([waiting, failed])))["reason"]
    assert reasons[1] == "'=cmd|' /C calc'!A0"  # a spreadsheet takes it as text


def test_markdown_cells_stay_in_their_cells():
    frame = pd.DataFrame([{"state": "a|b\nc"}], dtype=object)
    assert "a\\|b c" in to_markdown(frame)


def test_an_empty_leaderboard_can_be_written():
    frame = leaderboard_frame(rows_of([]))
    assert to_csv(frame).startswith("rank,trial,state")
    assert "rank" in to_markdown(frame)
    assert to_screen(frame)


def test_numbers_in_csv_keep_all_their_digits():
    rate = 0.1 + 0.2
    frame = table(to_csv(leaderboard_frame(rows_of([record(0, 1 / 3, learning_rate=rate)]))))
    assert frame["learning_rate"][0] == rate
    assert frame["validation_accuracy"][0] == 1 / 3


@given(st.integers(40, 200))
def test_a_narrow_screen_names_the_columns_it_leaves_out(width):
    frame = leaderboard_frame(rows_of([record(n, 0.5, momentum=n / 10, learning_rate=0.1 + n) for n in range(5)]))
    lines = to_screen(frame, width=width).splitlines()
    assert max(map(len, lines)) <= max(width, len("rank"))
    headers = " ".join(lines[:2]).split()
    left_out = "\n".join(lines).partition("No room")[2]
    assert "momentum" in headers or "momentum" in left_out


def test_several_runs_make_one_table():
    rows = order_rows(
        [*rows_of([record(0, 0.5)]), *rank_rows([record(0, 0.6)], run="other", data=DATASETS["mnist"].description)]
    )
    frame = leaderboard_frame(rows, several_runs=True)
    assert list(frame["run"]) == ["test", "other"]
    assert list(frame["data"]) == ["digits", "mnist"]
    assert list(frame["rank"]) == [1, 1]  # of each data set


@given(st.integers(1, 6000), st.data())
def test_the_interval_is_wilsons(n, data):
    right = data.draw(st.integers(0, n))
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_winner_is_complete_and_names_what_it_ties_with():
    records = [
        record(0, 0.99, state=TrialState.PRUNED),
        record(1, 0.95),
        record(2, 0.94),
        record(3, 0.5),
        record(4, 0.96, state=TrialState.FAIL),
    ]
    winner = pick_winner(rows_of(records), validation_images=lambda _: 270)
    assert winner.row.trial == 1
    assert [tie.trial for tie in winner.ties] == [2]
    text = describe_winner(winner)
    assert "Winner: trial 1" in text
    assert "inside that interval too: trial 2" in text
    assert pick_winner(rows_of(records[:1]), validation_images=lambda _: 270) is None


@given(st.builds(
    Configuration,
    architecture=st.sampled_from(["mlp", "cnn"]),
    hidden_units=st.integers(1, 4096),
    learning_rate=st.floats(1e-8, 100),
    momentum=st.floats(0, 0.9999),
    nesterov=st.booleans(),
))  # fmt: skip
def test_the_winners_space_proposes_exactly_the_winner(configuration):
    (row,) = rows_of([record(0, 0.9, **configuration.used())])
    space = parse_space(space_of(row), name="winner", source="winner.toml")
    (values,) = space.enumerate()
    assert Configuration.from_dict(values).used() == configuration.used()


def test_the_command_to_train_again_is_one_that_packtune_run_takes():
    settings = Settings(name="test", plan=SearchPlan(data="digits-overlap", epochs=7, seed=3))
    folder = RunFolder(Path("my results"), "test")
    run = Run(folder=folder, settings=settings, space=load_space("sgd"), new=False)
    words = shlex.split(retrain_command(run))
    assert words[:2] == ["packtune", "run"]
    values = {name: words[words.index(name) + 1] for name in ("--space", "--epochs", "--seed", "--data")}
    assert values == {
        "--space": "my results/runs/test/winner.toml",
        "--epochs": "7",
        "--seed": "4",
        "--data": "digits-overlap",
    }
