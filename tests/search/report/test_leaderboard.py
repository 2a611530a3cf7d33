"""The leaderboard's rows and how they are written: what shares a row, what stays in its cell."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.confirmation.estimate import estimate_accuracy
from packtune.data.catalog import DATASETS
from packtune.models.configuration import HYPERPARAMETERS, OPTIMIZER_NAMES, SCHEDULE_NAMES, Configuration
from packtune.report.escaping import FORMULA
from packtune.report.leaderboard import curves_frame, leaderboard_frame, trials_frame
from packtune.report.ranking import Confirmed, _sameness, order_rows, rank_rows
from packtune.report.rendering import to_csv, to_markdown
from packtune.report.screen import to_screen
from packtune.trial import Accuracy, Outcome, Proposal, TrialRecord, TrialState

shares = st.floats(0, 1)
MEASURED = (TrialState.COMPLETE, TrialState.PRUNED)
FINISHED = (*MEASURED, TrialState.DIVERGED, TrialState.FAIL)


def record(number, state, epochs, validation, test, configuration, reason="", device="cpu"):
    measured = state in MEASURED
    outcome = Outcome(
        state=state,
        epochs=epochs,
        curve=((1, validation[0]), (epochs, validation[0])),
        validation=Accuracy(joint=validation[0], heads=validation[1:]) if measured else None,
        test=Accuracy(joint=test[0], heads=test[1:]) if measured else None,
        seconds=number + 0.1234567,
        device=device,
        reason=reason,
    )
    proposal = Proposal(number=number, configuration=configuration, seed=1000 + number)
    return TrialRecord(proposal=proposal, state=state, outcome=outcome)


def complete(number, validation, test=0.5, epochs=10, **values):
    configuration = Configuration(**values)
    return record(number, TrialState.COMPLETE, epochs, (validation, validation), (test, test), configuration)


def rows_of(records, data="digits"):
    return rank_rows(records, run="test", data=DATASETS[data].description)


def cells(text):
    header, *lines = csv.reader(io.StringIO(text))
    return [dict(zip(header, line, strict=True)) for line in lines]


configurations = st.builds(Configuration, hidden_units=st.integers(1, 3), nesterov=st.booleans())


@st.composite
def studies(draw, heads=2):
    """Finished trials of a few configurations, so that many share one, numbered in order."""
    accuracies = st.tuples(*[shares] * (heads + 1))
    trials = st.tuples(st.sampled_from(FINISHED), st.integers(1, 3), accuracies, accuracies, configurations)
    return [record(n, *trial) for n, trial in enumerate(draw(st.lists(trials, max_size=15)))]


@given(studies())
def test_a_row_averages_those_of_a_configuration_that_came_farthest(records):
    rows = {row.configuration: row for row in rows_of(records, "mnist-overlap")}
    assert rows.keys() == {r.proposal.configuration for r in records}
    for configuration, row in rows.items():
        alike = [r for r in records if r.proposal.configuration == configuration]
        done = next(found for state in FINISHED if (found := [r for r in alike if r.state is state]))
        assert row.state is done[0].state
        if row.state not in MEASURED:
            assert (row.trial, row.replicates) == (done[0].proposal.number, len(done))
            assert (row.validation, row.test) == (None, None)
            continue
        epochs = max(r.outcome.epochs for r in done)
        peers = [r for r in done if r.outcome.epochs == epochs]
        diverged = sum(r.state is TrialState.DIVERGED for r in alike)
        n, sound = len(peers) + diverged, len(done) / (len(done) + diverged)
        assert (row.trial, row.seed) == (peers[0].proposal.number, peers[0].proposal.seed)
        assert (row.epochs, row.replicates, row.diverged) == (epochs, n, diverged)
        for name in ("validation", "test"):
            values = [getattr(r.outcome, name) for r in peers]
            assert getattr(row, name).joint == pytest.approx(sound * math.fsum(v.joint for v in values) / len(peers))
            for head in (0, 1):
                mean = sound * math.fsum(v.heads[head] for v in values) / len(peers)
                assert getattr(row, name).heads[head] == pytest.approx(mean)


def test_a_configuration_that_trains_by_luck_only_does_not_win():
    lucky, sound = {"hidden_units": 1}, {"hidden_units": 2}
    records = [complete(0, 0.97, **lucky)]
    records += [record(n, TrialState.DIVERGED, 2, (0, 0), (0, 0), Configuration(**lucky)) for n in range(1, 5)]
    records += [complete(n, 0.96, **sound) for n in range(5, 10)]
    first, second = rows_of(records)
    assert (first.trial, first.replicates, first.diverged, first.score) == (5, 5, 0, pytest.approx(0.96))
    assert (second.trial, second.replicates, second.diverged, second.score) == (0, 5, 4, pytest.approx(0.194))
    assert list(leaderboard_frame([first, second])["diverged"]) == [0, 4]
    assert "diverged" not in leaderboard_frame([first])


@given(studies(), st.randoms(use_true_random=False))
def test_other_test_accuracies_leave_every_other_cell_as_it_was(records, random):
    def retested(outcome):
        draws = (random.random(), random.random())
        return replace(outcome, test=outcome.test and Accuracy(joint=random.random(), heads=draws))

    others = [replace(r, outcome=retested(r.outcome)) for r in records]

    def without_test(trials):
        frame = leaderboard_frame(rows_of(trials, "mnist-overlap"))
        return to_csv(frame.drop(columns=[name for name in frame if name.startswith("test")]))

    assert without_test(others) == without_test(records)


@given(studies(), st.floats(0, 1e6), st.sampled_from(["cpu", "cuda", ""]))
def test_the_leaderboard_depends_on_no_time_and_no_machine(records, seconds, device):
    others = [replace(r, outcome=replace(r.outcome, seconds=seconds, device=device, curve=())) for r in records]
    here, elsewhere = (leaderboard_frame(rows_of(each, "mnist-overlap")) for each in (records, others))
    assert to_csv(elsewhere) == to_csv(here)


@given(studies(), studies())
def test_a_row_of_several_runs_is_below_every_mean_of_more_trials_of_its_configuration(first, second):
    rows = order_rows(
        [
            *rank_rows(first, run="a", data=DATASETS["mnist-overlap"].description),
            *rank_rows(second, run="b", data=DATASETS["mnist-overlap"].description),
        ]
    )

    def bound(row):
        alike = [other for other in rows if _sameness(other) == _sameness(row) and other.replicates > row.replicates]
        return min(row.score, *(other.score for other in alike), 2.0)

    assert [bound(row) for row in rows] == sorted(map(bound, rows), reverse=True)
    for place, row in enumerate(rows):
        surer = [at for at, other in enumerate(rows) if _sameness(other) == _sameness(row)
                 and other.replicates > row.replicates and other.score < row.score]  # fmt: skip
        assert all(at < place for at in surer)


def test_a_lucky_seed_stands_below_the_mean_of_five_and_both_are_told_apart():
    once = rank_rows(
        [complete(0, 0.95), complete(1, 0.93, hidden_units=7)], run="once", data=DATASETS["digits"].description
    )
    five = rank_rows([complete(n, 0.9 + n / 100) for n in range(5)], run="five", data=DATASETS["digits"].description)
    rows = order_rows([*once, *five])
    assert [(row.run, row.replicates, round(row.score, 3)) for row in rows] == [
        ("once", 1, 0.93), ("five", 5, 0.92), ("once", 1, 0.95),
    ]  # fmt: skip
    text = to_screen(leaderboard_frame(rows, several_runs=True))
    assert "Trained once only (replicates 1): ranks 1, 3." in text
    assert "Trained once" not in to_screen(leaderboard_frame(once))


def confirmed_run(run, *means, seen_once=()):
    """Give the rows of a run with finalists in selection's order, whose fresh trainings have these means."""
    rows = rank_rows(
        [complete(n, 0.99, hidden_units=n + 1) for n in range(len(means))], run=run, data=DATASETS["digits"].description
    )
    others = [complete(100 + n, score, hidden_units=100 + n) for n, score in enumerate(seen_once)]
    spread = estimate_accuracy(np.ones((2, 10), dtype=bool))
    finalists = [
        replace(
            row,
            validation=Accuracy(joint=mean, heads=(mean,)),
            confirmed=Confirmed(place=place, spread=spread, tied=False, test=None),
        )
        for place, (row, mean) in enumerate(zip(rows, means, strict=True))
    ]
    return [*finalists, *rank_rows(others, run=run, data=DATASETS["digits"].description)]


def test_finalists_of_several_runs_stand_above_rows_seen_once_by_their_fresh_trainings():
    first = confirmed_run("a", 0.95, 0.93, seen_once=(0.999, 0.9))
    second = confirmed_run("b", 0.96, 0.94, seen_once=(0.998,))
    rows = order_rows([*second, *first])
    assert [(row.run, row.score) for row in rows] == [
        ("b", 0.96), ("a", 0.95), ("b", 0.94), ("a", 0.93), ("a", 0.999), ("b", 0.998), ("a", 0.9),
    ]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from([0.1, 0.5, 0.9, 0.95]), max_size=4), min_size=1, max_size=3), st.data())
def test_finalists_of_one_run_stay_in_selections_order(runs, data):
    """One that collapsed when it was tried alone may have a higher mean than the winner, and stays below it."""
    given_rows = [row for n, means in enumerate(runs) for row in confirmed_run(str(n), *means, seen_once=(0.7,))]
    rows = order_rows(data.draw(st.permutations(given_rows)))
    for n in range(len(runs)):
        places = [row.place for row in rows if row.run == str(n) and row.place is not None]
        assert places == sorted(places)
    assert [row.place is None for row in rows] == sorted(row.place is None for row in rows)
    assert rows == order_rows(rows)
    for n, means in enumerate(runs):
        assert order_rows(confirmed_run(str(n), *means, seen_once=(0.7,))) == confirmed_run(
            str(n), *means, seen_once=(0.7,)
        )


def test_other_test_accuracies_leave_the_order_of_finalists():
    rows = [*confirmed_run("a", 0.9, 0.8), *confirmed_run("b", 0.85)]
    others = [replace(row, test=Accuracy(joint=1 - row.score, heads=(0.0,))) for row in rows]
    assert [(row.run, row.trial) for row in order_rows(others)] == [(row.run, row.trial) for row in order_rows(rows)]


def test_runs_on_different_data_are_not_ranked_together():
    digits = rank_rows(
        [complete(0, 0.95), complete(1, 0.93, hidden_units=7)], run="a", data=DATASETS["digits"].description
    )
    pairs = rank_rows(
        [record(0, TrialState.COMPLETE, 5, (0.97, 0.98, 0.99), (0.9,) * 3, Configuration())],
        run="b",
        data=DATASETS["mnist-overlap"].description,
    )
    frame = leaderboard_frame(order_rows([*pairs, *digits]), several_runs=True)
    assert list(frame["data"]) == ["digits", "digits", "mnist-overlap"]
    assert list(frame["rank"]) == [1, 2, 1]
    assert frame.columns[-1] == "seed"
    first, second, note = to_screen(frame).split("\n\n")
    assert first.startswith("On digits:")
    assert "upper" not in first
    assert second.startswith("On mnist-overlap:")
    assert "upper" in second
    assert note == "Ranks are of one data set: accuracies on others are not comparable."


def test_training_some_of_many_trials_longer_does_not_make_the_one_that_diverged_weigh_more():
    records = [complete(n, 0.9, epochs=5) for n in range(9)]
    records += [record(9, TrialState.DIVERGED, 2, (0, 0), (0, 0), Configuration()), complete(10, 0.95, epochs=10)]
    (row,) = rows_of(records)
    assert (row.trial, row.epochs, row.diverged, row.score) == (10, 10, 1, pytest.approx(0.95 * 10 / 11))


def test_accuracies_that_are_equal_go_by_the_number_and_not_by_the_text_of_the_trial():
    rows = rows_of([complete(n, 0.5, hidden_units=n + 1) for n in (10, 9, 2)])
    assert [row.trial for row in rows] == [2, 9, 10]


def test_a_network_that_scored_nothing_is_above_one_that_has_no_score():
    failed = record(0, TrialState.FAIL, 0, (0.0, 0.0), (0.0, 0.0), Configuration(hidden_units=1))
    rows = rows_of([failed, complete(1, 0.0, hidden_units=2)])
    assert [row.state for row in rows] == [TrialState.COMPLETE, TrialState.FAIL]


def test_a_configuration_that_failed_once_is_judged_by_the_trial_that_did_not():
    failed = record(0, TrialState.FAIL, 10, (0.0, 0.0), (0.0, 0.0), Configuration())
    (row,) = rows_of([failed, complete(1, 0.75)])
    assert (row.trial, row.state, row.replicates, row.score) == (1, TrialState.COMPLETE, 1, 0.75)


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        ("digits", ["validation_accuracy", "test_accuracy"]),
        ("mnist", ["validation_accuracy", "test_accuracy"]),
        (
            "mnist-overlap",
            ["validation_accuracy", "validation_upper", "validation_lower",
             "test_accuracy", "test_upper", "test_lower"],
        ),
    ],
)  # fmt: skip
def test_only_data_of_two_digits_have_columns_of_heads(data, columns):
    trial = record(0, TrialState.COMPLETE, 1, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), Configuration())
    (line,) = cells(to_csv(leaderboard_frame(rows_of([trial], data))))
    assert [name for name in line if name.startswith(("validation", "test"))] == columns
    if len(columns) == 6:
        assert [line[name] for name in columns] == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]


def test_what_failed_has_empty_cells_for_its_accuracies():
    failed = record(0, TrialState.DIVERGED, 1, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), Configuration())
    (line,) = cells(to_csv(leaderboard_frame(rows_of([failed], "mnist-overlap"))))
    assert {line[name] for name in line if name.startswith(("validation", "test"))} == {""}


def test_a_network_that_cannot_be_built_has_a_row_without_parameters():
    configuration = Configuration(architecture="cnn", blocks=4, pooling=4)
    failed = record(0, TrialState.FAIL, 0, (0.0, 0.0), (0.0, 0.0), configuration)
    (line,) = cells(to_csv(leaderboard_frame(rows_of([failed]))))
    assert (line["parameters"], line["blocks"], line["state"]) == ("", "4", "FAIL")


@given(st.builds(
    Configuration,
    architecture=st.sampled_from(["mlp", "cnn"]),
    hidden_units=st.integers(1, 64),
    learning_rate=st.floats(1e-8, 100),
    dropout=st.floats(0, 0.95),
    nesterov=st.booleans(),
    optimizer=st.sampled_from(OPTIMIZER_NAMES),
    beta1=st.sampled_from([0.9, 0.5]),
    schedule=st.sampled_from(SCHEDULE_NAMES),
))  # fmt: skip
def test_the_cells_of_a_row_give_its_configuration_back(configuration):
    (line,) = cells(to_csv(leaderboard_frame(rows_of([complete(0, 0.5, **configuration.as_dict())]))))
    read = {"true": True, "false": False}.get
    values = {
        name: read(line[name]) if HYPERPARAMETERS[name].kind is bool else HYPERPARAMETERS[name].kind(line[name])
        for name in HYPERPARAMETERS
        if line.get(name)
    }
    assert values == configuration.used()


def test_replicates_are_a_column_only_where_there_are_any():
    once, twice = [complete(0, 0.5)], [complete(0, 0.5), complete(1, 0.7)]
    assert "replicates" not in leaderboard_frame(rows_of(once))
    assert list(leaderboard_frame(rows_of(twice))["replicates"]) == [2]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_of_text_begins_as_a_formula_does(start):
    reason = f"{start}HYPERLINK(1)"
    (line,) = cells(to_csv(trials_frame([record(0, TrialState.FAIL, 0, (0,), (0,), Configuration(), reason)])))
    assert line["reason"] == f"'{reason}"


@given(st.text(alphabet=st.characters(exclude_characters="\r", codec="utf-8"), max_size=40))
def test_text_in_csv_is_one_cell_and_runs_nothing(reason):
    trial = record(0, TrialState.FAIL, 0, (0.0,), (0.0,), Configuration(), reason)
    (line,) = cells(to_csv(trials_frame([trial])))
    assert not FORMULA.match(line["reason"])
    assert line["reason"] in (reason, f"'{reason}")


def test_negative_numbers_are_numbers_and_no_formulas():
    assert to_csv(pd.DataFrame([{"a": -1.5, "b": -2, "c": "-2"}], dtype=object)) == "a,b,c\n-1.5,-2,'-2\n"


@given(st.lists(st.text(alphabet="ab|\\\n ", min_size=1, max_size=8), min_size=1, max_size=4))
def test_each_row_of_markdown_has_the_bars_of_its_columns_only(texts):
    frame = pd.DataFrame([{"x": text, "y": 1} for text in texts], dtype=object)
    header, rule, *lines = to_markdown(frame).splitlines()
    assert header.split() == ["|", "x", "|", "y", "|"]
    assert set(rule) == {"|", "-", ":"}
    assert rule.endswith("-:|")  # whole numbers are aligned to the right
    assert len(lines) == len(texts)
    for line in lines:
        assert line.count("|") - line.count("\\|") == 3


def test_markdown_rounds_accuracies_to_four_places_and_shows_every_row():
    rows = rows_of([complete(n, 0.123456, hidden_units=n + 1, learning_rate=0.0123456) for n in range(30)])
    lines = to_markdown(leaderboard_frame(rows)).splitlines()
    assert len(lines) == 32
    assert " 0.1235 " in lines[2]
    assert " 0.01235 " in lines[2]


def test_missing_cells_are_empty_and_whole_numbers_stay_whole_beside_them():
    mlp = complete(0, 0.9)
    cnn = complete(1, 0.8, architecture="cnn", filters=32)
    diverged = record(2, TrialState.DIVERGED, 1, (0, 0), (0, 0), Configuration(hidden_units=3))
    for frame in (leaderboard_frame(rows_of([mlp, cnn, diverged])), trials_frame([mlp, cnn, diverged])):
        written = to_csv(frame)
        first, second, third = cells(written)
        assert (first["depth"], first["filters"], second["depth"], second["filters"]) == ("1", "", "", "32")
        assert (third["validation_accuracy"], third["test_accuracy"]) == ("", "")
        read = pd.read_csv(io.StringIO(written), dtype_backend="numpy_nullable")
        whole = [name for name in frame if str(frame[name].dtype) == "Int64"]
        assert {"trial", "epochs", "depth", "hidden_units", "filters", "batch_size", "seed"} <= set(whole)
        assert all(str(read[name].dtype) == "Int64" for name in whole)
        assert read["filters"].isna().tolist() == [True, False, True]
        assert str(pd.read_csv(io.StringIO(written))["nesterov"].dtype) == "bool"


@given(studies())
def test_every_cell_of_csv_is_the_value_of_the_frame_or_empty(records):
    frame = trials_frame(records)
    lines = cells(to_csv(frame))
    for name, column in frame.items():
        for value, line in zip(column, lines, strict=True):
            if pd.isna(value):
                assert line[name] == ""
            elif str(column.dtype) == "Int64":
                assert line[name] == str(int(value))
            elif str(column.dtype) == "float64":
                assert float(line[name]) == value


def test_curves_have_a_row_for_each_epoch():
    frame = curves_frame([complete(3, 0.25, epochs=2), complete(4, 0.5, epochs=1)])
    assert list(frame.columns) == ["trial", "epoch", "accuracy"]
    assert [str(dtype) for dtype in frame.dtypes] == ["Int64", "Int64", "float64"]
    assert to_csv(frame).splitlines()[1] == "3,1,0.25"
    assert to_csv(curves_frame([])) == "trial,epoch,accuracy\n"
    assert to_csv(trials_frame([])).startswith("trial,state,epochs,")


def test_the_learning_rate_is_among_the_first_hyperparameters():
    names = [name for name in leaderboard_frame(rows_of([complete(0, 0.5)])) if name in HYPERPARAMETERS]
    assert names.index("learning_rate") < 3
    assert sorted(names) == sorted(name for name, entry in HYPERPARAMETERS.items() if not entry.optional)


def test_optional_hyperparameters_have_columns_where_a_row_uses_them():
    records = [complete(0, 0.5), complete(1, 0.4, optimizer="adam", beta2=0.99), complete(2, 0.3, optimizer="rmsprop")]
    for frame in (leaderboard_frame(rows_of(records)), trials_frame(records)):
        assert not {"beta1", "alpha", "schedule", "gradient_clipping"} & set(frame.columns)
        assert list(frame["optimizer"]) == ["sgd", "adam", "rmsprop"]
        assert [row["beta2"] for row in cells(to_csv(frame))] == ["", "0.99", ""]
        assert [row["momentum"] for row in cells(to_csv(frame))] == ["0.0", "", "0.0"]


MIXED = [
    *(complete(n, 0.9 - n / 10, learning_rate=0.1 + n, depth=1 + n) for n in range(3)),
    *(complete(n, 0.5, architecture="cnn", filters=8 * n, learning_rate=0.1 * n) for n in (3, 4)),
]


def test_what_never_varies_within_its_architecture_gives_way_first():
    frame = leaderboard_frame(rows_of(MIXED))
    whole = to_screen(frame)
    assert {"blocks", "filters", "depth", "pooling"} <= set(whole.split())
    width = max(map(len, whole.splitlines())) - 1
    narrower = to_screen(frame, width=width)
    assert "The same for every cnn: pooling 2" in narrower
    assert "No room" not in narrower
    assert "The same for every cnn: blocks 2, kernel_size 3, pooling 2" in to_screen(frame, width=80)


@given(st.integers(1, 200))
def test_no_line_is_longer_than_the_terminal_and_no_word_is_broken(width):
    frame = leaderboard_frame(rows_of(MIXED))
    unbroken = "No room here for: " + ", ".join(frame.columns)
    known = {word.strip(",:") for word in f"{unbroken} {to_screen(frame)} {to_screen(frame, width=100)}".split()}
    for line in to_screen(frame, width=width).splitlines():
        assert len(line) <= max(width, len("  validation_accuracy,"))
        assert {word.strip(",:") for word in line.split() if set(word) != {"-"}} <= known


def test_a_screen_shows_the_best_and_counts_the_others():
    frame = leaderboard_frame(rows_of([complete(n, n / 100, hidden_units=n + 1) for n in range(30)]))
    lines = to_screen(frame, limit=3).splitlines()
    assert [line.split()[:2] for line in lines if line[:1].isdigit()] == [["1", "29"], ["2", "28"], ["3", "27"]]
    assert "... and 27 more" in lines


def test_a_screen_tells_what_never_varies_once():
    frame = leaderboard_frame(rows_of([complete(n, 0.5, momentum=n / 10, nesterov=True) for n in range(3)]))
    table, told = to_screen(frame).split("The same for all: ")
    assert "nesterov true" in told
    assert "architecture mlp" in told
    assert "filters" not in told  # no mlp has any
    assert "nesterov" not in table
    assert "momentum" in table
    assert "momentum" not in told


def test_the_table_of_trials_has_every_trial_with_its_time_and_its_curve():
    waiting = replace(complete(1, 0.5), state=TrialState.WAITING, outcome=None)
    first, second = cells(to_csv(trials_frame([complete(0, 0.25), waiting])))
    assert (first["trial"], first["seconds"], first["validation_by_epoch"]) == ("0", "0.123", "0.2500 0.2500")
    assert (second["trial"], second["state"], second["epochs"], second["device"]) == ("1", "WAITING", "0", "")
