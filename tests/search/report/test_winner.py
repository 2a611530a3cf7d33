"""The winner: its interval, what it cannot be told from, its space, and the command that trains it again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from packtune.cli.commands import app
from packtune.confirmation.estimate import wilson_interval
from packtune.data.catalog import DATASETS
from packtune.interface.commands import retrain_command
from packtune.models.configuration import ACTIVATION_NAMES, ARCHITECTURE_NAMES, Configuration
from packtune.protocol import Protocol
from packtune.report.ranking import Row, order_rows
from packtune.report.winner import pick_winner, winner_of
from packtune.report.words import describe_winner, space_of
from packtune.run.folder import Run, RunFolder
from packtune.settings import Resources, SearchPlan, Settings
from packtune.space.catalog import load_space
from packtune.space.file import read_space
from packtune.trial import Accuracy, TrialState

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.DIVERGED, TrialState.FAIL)


def row(trial, validation, test=0.5, state=TrialState.COMPLETE, **values):
    measured = state in (TrialState.COMPLETE, TrialState.PRUNED)
    return Row(
        run="test",
        data=DATASETS["digits"].description,
        trial=trial,
        state=state,
        epochs=10,
        replicates=1,
        validation=Accuracy(joint=validation, heads=(validation,)) if measured else None,
        test=Accuracy(joint=test, heads=(test,)) if measured else None,
        parameters=None,
        configuration=Configuration(**values),
        seed=trial,
    )


@st.composite
def leaderboards(draw):
    shares = st.integers(0, 100).map(lambda n: n / 100)
    trials = draw(st.lists(st.tuples(shares, shares, st.sampled_from(FINISHED)), max_size=20))
    return order_rows(row(n, *trial) for n, trial in enumerate(trials))


@given(leaderboards(), st.sampled_from([1, 100, 6000]))
def test_the_best_complete_row_wins_and_ties_with_the_complete_ones_in_its_interval(rows, images):
    complete = [r for r in rows if r.state is TrialState.COMPLETE]
    winner = pick_winner(rows, validation_images=lambda _: images)
    if not complete:
        assert winner is None
        return
    best = min(complete, key=lambda r: (-r.validation.joint, r.trial))
    expected = binomtest(round(best.score * 100), 100).proportion_ci(0.95, method="wilson")
    assert winner.row is best
    if images == 100:
        assert winner.interval == pytest.approx((expected.low, expected.high))
    low, high = winner.interval
    assert 0 <= low <= best.score <= high + 1e-12
    assert [tie.trial for tie in winner.ties] == [
        r.trial for r in rows if r.state is TrialState.COMPLETE and r is not best and r.validation.joint >= low
    ]


@given(leaderboards(), st.randoms(use_true_random=False))
def test_test_accuracy_chooses_no_winner(rows, random):
    def retested(r):
        return replace(r, test=r.test and Accuracy(joint=random.random(), heads=(0.5,)))

    def named(winner):
        return winner and (winner.row.trial, winner.interval, [tie.trial for tie in winner.ties])

    others = order_rows([retested(r) for r in rows])
    assert named(pick_winner(others, validation_images=lambda _: 270)) == named(
        pick_winner(rows, validation_images=lambda _: 270)
    )


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 270), (270, 270), (1, 6000), (5999, 6000), (245, 270)])
def test_the_interval_is_wilsons_at_the_ends_too(right, n):
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_the_interval_of_any_share_lies_in_0_to_1_around_it_and_narrows_with_more_images(share, n):
    low, high = wilson_interval(share, n)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1
    tighter_low, tighter_high = wilson_interval(share, 4 * n)
    assert tighter_high - tighter_low <= high - low


def test_the_bound_itself_ties():
    low = wilson_interval(0.9, 270)[0]
    rows = [row(0, 0.9), row(1, low), row(2, low - 1e-9)]
    assert [tie.trial for tie in pick_winner(rows, validation_images=lambda _: 270).ties] == [1]


def test_a_winner_in_words_counts_its_ties():
    def words(n):
        return describe_winner(
            pick_winner([row(t, 0.9) for t in range(n)], validation_images=lambda _: 270)
        ).splitlines()

    assert len(words(1)) == 2
    assert words(2)[-1] == "  inside that interval too: trial 1"
    assert words(3)[-1] == "  inside that interval too: trials 1, 2"
    assert words(9)[-1] == "  inside that interval too: trials 1, 2, 3, 4, 5, 6, 7, 8"
    assert words(10)[-1] == "  inside that interval too: trials 1, 2, 3, 4, 5, 6, 7, 8, ..."


def test_a_winner_in_words_has_its_accuracies_and_only_the_values_it_uses():
    best = row(3, 0.91234, 0.87654, nesterov=True, learning_rate=0.0123456)
    first, second = describe_winner(pick_winner([best], validation_images=lambda _: 270)).splitlines()
    assert first.startswith("Winner: trial 3 (architecture mlp, depth 1, ")
    assert "learning_rate 0.01235" in first
    assert "nesterov true" in first
    assert "filters" not in first
    assert second.startswith("  validation accuracy 0.9123 (95% interval 0.8")
    assert second.endswith(", test accuracy 0.8765")


@given(st.builds(
    Configuration,
    architecture=st.sampled_from(ARCHITECTURE_NAMES),
    depth=st.integers(0, 8),
    activation=st.sampled_from(ACTIVATION_NAMES),
    dropout=st.floats(0, 0.95),
    filters=st.integers(1, 256),
    learning_rate=st.floats(1e-8, 100) | st.integers(1, 100),
    nesterov=st.booleans(),
    weight_decay=st.floats(0, 10),
))  # fmt: skip
def test_the_winners_file_is_a_space_of_the_winner_alone(tmp_path_factory, configuration):
    path = tmp_path_factory.mktemp("winner") / "winner.toml"
    path.write_text(space_of(replace(row(0, 0.9), configuration=configuration)), encoding="utf-8")
    space = read_space(path)
    assert len(space.enumerate()) == 1
    proposed = space.configuration_of(space.enumerate()[0])
    assert proposed.used() == configuration.used()


def test_the_winners_file_says_where_it_comes_from():
    first = space_of(row(7, 0.25)).splitlines()[0]
    assert first == "# Trial 7 of run test: validation accuracy 0.250000 on digits."


folders = st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text and not text.startswith("-"))


@given(
    folders.map(Path),
    st.none() | folders.map(Path),
    st.sampled_from(list(DATASETS)),
    st.integers(1, 10**6),
    st.integers(0, 2**32 - 2),
    st.sampled_from(Protocol),
)
def test_the_command_to_train_again_is_understood_by_the_command_line(results, data_dir, data, epochs, seed, protocol):
    plan = SearchPlan(data=data, epochs=epochs, seed=seed, protocol=protocol)
    settings = Settings(name="n", plan=plan, resources=Resources(data_dir=data_dir))
    run = Run(folder=RunFolder(results, "n"), settings=settings, space=load_space("sgd"), new=False)
    program, command, *words = shlex.split(retrain_command(run))
    assert (program, command) == ("packtune", "run")
    parsed = typer.main.get_command(app).commands["run"].make_context("run", words).params
    assert Path(parsed["space"]) == run.folder.winner_space
    assert (parsed["data"], parsed["epochs"], parsed["seed"]) == (data, epochs, seed + 1)
    assert (parsed["halving"], parsed["protocol"], parsed["data_dir"]) == (False, protocol.value, data_dir)
    assert (parsed["replicates"], parsed["trials"]) == (5, None)


@pytest.mark.parametrize(
    ("protocol", "batch_size", "images"),
    [(Protocol.SEARCH, 140, 270), (Protocol.NOTEBOOK, 140, 140), (Protocol.NOTEBOOK, 999, 270)],
)
def test_the_interval_is_of_the_images_that_were_evaluated(protocol, batch_size, images):
    best = row(0, 0.9, batch_size=batch_size)
    winner = winner_of([best], SearchPlan(data="digits", protocol=protocol))
    assert DATASETS["digits"].description.n_validation == 270
    assert winner.interval == wilson_interval(0.9, images)
