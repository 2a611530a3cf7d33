"""Decisions on finalists: brute force, known tests as special cases, simulation, and what must not matter."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from packtune.confirmation.selection import rank_finalists, survivors, tied_with_best


@st.composite
def selections(draw, least=1):
    """Draw the answers of some finalists after rounds that halved them; many means are equal."""
    images = draw(st.integers(1, 12))
    ends = np.cumsum(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    lengths = draw(st.lists(st.sampled_from(list(map(int, ends))), min_size=least, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from([0.5, 0.9, 1.0]))
    return {finalist: rng.random((rows, images)) < share for finalist, rows in enumerate(lengths)}


@given(answers=selections(), n=st.integers(1, 7))
def test_survivors_are_those_that_fewer_than_n_others_beat(answers, n):
    def beats(one, other):
        difference = answers[one].mean() - answers[other].mean()
        return one < other if math.isclose(difference, 0, abs_tol=1e-12) else difference > 0

    expected = [f for f in sorted(answers) if sum(beats(other, f) for other in answers if other != f) < n]
    assert survivors(answers, n) == tuple(expected)


@given(answers=selections())
def test_more_repeats_come_first_then_the_mean_then_the_index(answers):
    ranked = rank_finalists(answers)
    assert sorted(ranked) == sorted(answers)
    for upper, lower in itertools.pairwise(ranked):
        rows = len(answers[upper]) - len(answers[lower])
        difference = answers[upper].mean() - answers[lower].mean()
        equal = math.isclose(difference, 0, abs_tol=1e-12)
        assert rows > 0 or (rows == 0 and (upper < lower if equal else difference > 0))


@given(answers=selections(), data=st.data())
def test_those_that_collapsed_come_last_by_their_means(answers, data):
    collapsed = data.draw(st.sets(st.sampled_from(sorted(answers))))
    ranked = rank_finalists(answers, collapsed)
    sound = [finalist for finalist in ranked if finalist not in collapsed]
    assert list(ranked[: len(sound)]) == sound
    assert sound == [finalist for finalist in rank_finalists(answers) if finalist not in collapsed]
    means = [answers[finalist].mean() for finalist in ranked[len(sound) :]]
    assert all(lower <= upper or math.isclose(lower, upper) for upper, lower in itertools.pairwise(means))


@given(answers=selections(), resampled=st.booleans(), data=st.data())
def test_ties_begin_with_the_best_whoever_collapsed(answers, resampled, data):
    collapsed = data.draw(st.sets(st.sampled_from(sorted(answers))))
    ties = tied_with_best(answers, resampled=resampled, collapsed=collapsed)
    assert ties[0] == rank_finalists(answers, collapsed)[0]
    assert len(set(ties)) == len(ties)


def test_equal_means_of_different_numbers_of_repeats_are_equal():
    """A third is a third, however it is counted."""
    one, two = np.array([[True, False, False]]), np.array([[True, False, False], [False, True, False]])
    assert survivors({0: two, 1: one}, 1) == survivors({0: one, 1: two}, 1) == (0,)


@given(answers=selections(), resampled=st.booleans(), overlap=st.floats(0, 0.9))
def test_ties_are_finalists_in_rank_order_with_the_best_first(answers, resampled, overlap):
    ties = tied_with_best(answers, resampled=resampled, overlap=overlap)
    ranked = rank_finalists(answers)
    assert ties[0] == ranked[0]
    assert ties == tuple(finalist for finalist in ranked if finalist in ties)


@given(answers=selections(), resampled=st.booleans(), data=st.data())
def test_the_order_of_arrival_changes_nothing(answers, resampled, data):
    later = {finalist: answers[finalist] for finalist in data.draw(st.permutations(sorted(answers)))}
    assert survivors(later, 2) == survivors(answers, 2)
    assert rank_finalists(later) == rank_finalists(answers)
    assert tied_with_best(later, resampled=resampled) == tied_with_best(answers, resampled=resampled)


@given(answers=selections(), resampled=st.booleans(), data=st.data())
def test_new_labels_change_nothing_but_labels(answers, resampled, data):
    """Labels in the same order; in another order only equal finalists may change places."""
    labels = sorted(data.draw(st.sets(st.integers(0, 99), min_size=len(answers), max_size=len(answers))))
    renamed = {labels[finalist]: rows for finalist, rows in answers.items()}

    def named(finalists):
        return tuple(labels[finalist] for finalist in finalists)

    assert survivors(renamed, 2) == named(survivors(answers, 2))
    assert rank_finalists(renamed) == named(rank_finalists(answers))
    assert tied_with_best(renamed, resampled=resampled) == named(tied_with_best(answers, resampled=resampled))


@given(answers=selections(), resampled=st.booleans(), data=st.data())
def test_another_order_of_exploration_moves_only_equal_finalists(answers, resampled, data):
    order = data.draw(st.permutations(sorted(answers)))
    moved = {place: answers[finalist] for place, finalist in enumerate(order)}
    assume(len({(len(rows), rows.sum()) for rows in answers.values()}) == len(answers))
    assert tuple(order[f] for f in rank_finalists(moved)) == rank_finalists(answers)
    back = tuple(order[f] for f in tied_with_best(moved, resampled=resampled))
    assert back == tied_with_best(answers, resampled=resampled)


@given(answers=selections(), resampled=st.booleans(), data=st.data())
def test_the_order_of_images_changes_nothing(answers, resampled, data):
    columns = data.draw(st.permutations(range(answers[0].shape[1])))
    moved = {finalist: rows[:, columns] for finalist, rows in answers.items()}
    assert rank_finalists(moved) == rank_finalists(answers)
    assert tied_with_best(moved, resampled=resampled) == tied_with_best(answers, resampled=resampled)


@given(answers=selections(), resampled=st.booleans(), data=st.data())
def test_the_order_of_repeats_within_a_round_changes_nothing(answers, resampled, data):
    ends = [0, *sorted({len(rows) for rows in answers.values()})]
    order = [r for start, end in itertools.pairwise(ends) for r in data.draw(st.permutations(range(start, end)))]
    moved = {finalist: rows[order[: len(rows)]] for finalist, rows in answers.items()}
    assert rank_finalists(moved) == rank_finalists(answers)
    assert tied_with_best(moved, resampled=resampled) == tied_with_best(answers, resampled=resampled)


@given(answers=selections(least=2), low=st.floats(0, 0.9), high=st.floats(0, 0.9))
def test_more_overlap_never_tells_more_apart(answers, low, high):
    low, high = sorted((low, high))
    fewer = tied_with_best(answers, resampled=True, overlap=low)
    assert set(fewer) <= set(tied_with_best(answers, resampled=True, overlap=high))


def two_of(right, n, by):
    """Make two finalists on one repeat: `right` of n images right for both, `by` more for the first."""
    images = np.arange(n)
    return {0: (images < right + by)[None], 1: (images < right)[None]}


@pytest.mark.parametrize("resampled", [True, False])
@pytest.mark.parametrize("by", range(10))
def test_one_repeat_is_a_paired_z_test_of_images(by, resampled):
    answers = two_of(900, 1000, by)
    differences = answers[0][0].astype(int) - answers[1][0]
    z = differences.mean() / (differences.std(ddof=1) / math.sqrt(1000) or 1)
    assert (1 in tied_with_best(answers, resampled=resampled)) == (z <= stats.norm.ppf(0.95))


@pytest.mark.parametrize("better", np.linspace(0, 0.05, 11))
def test_two_finalists_of_images_without_number_have_a_paired_t_test_of_repeats(better):
    """Where images are so many that they decide nothing; the seed's noise is 1 point."""
    rng = np.random.default_rng(4)
    accuracies = np.stack([0.5 + better + 0.01 * rng.standard_normal(4), 0.5 + 0.01 * rng.standard_normal(4)])
    answers = {f: np.arange(100_000) < 100_000 * row[:, None] for f, row in enumerate(accuracies)}
    answers = {f: rng.permuted(rows, axis=1) for f, rows in answers.items()}
    for resampled in (True, False):
        best, other = rank_finalists(answers)
        test = stats.ttest_rel(accuracies[best], accuracies[other], alternative="greater")
        if abs(test.pvalue - 0.05) > 0.01:  # nearer than that, what the images add decides
            assert (other in tied_with_best(answers, resampled=resampled)) == (test.pvalue > 0.05)


def test_the_correction_is_for_the_number_of_rivals():
    """What is told apart among two is not among many."""
    answers = two_of(900, 1000, 4)
    assert tied_with_best(answers, resampled=False) == (0,)
    crowd = answers | {finalist: answers[1] for finalist in range(2, 8)}
    assert tied_with_best(crowd, resampled=False) == tuple(range(8))


def test_one_repeat_beside_further_rounds_counts_how_much_seeds_matter():
    """A finalist that was dropped after one repeat is better than nothing said: the other rounds know of the seeds."""
    rng = np.random.default_rng(0)
    accuracies = 0.8 + 0.05 * rng.standard_normal((2, 5))
    answers = {f: rng.random((5, 4000)) < row[:, None] for f, row in enumerate(accuracies)}
    dropped = rng.random((1, 4000)) < min(0.75, answers[0][0].mean() - 0.05)
    assert 2 in tied_with_best(answers | {2: dropped}, resampled=False)
    assert 2 in tied_with_best(answers | {2: dropped}, resampled=True)
    alone = {0: answers[0][:1], 2: dropped}
    assert tied_with_best(alone, resampled=False) == (0,)


def test_a_finalist_that_diverged_each_time_is_told_apart():
    rng = np.random.default_rng(2)
    answers = {f: rng.random((3, 200)) < 0.95 for f in range(3)}
    answers[3] = np.zeros((3, 200), dtype=bool)
    ties = tied_with_best(answers, resampled=False)
    assert sorted(ties) == [0, 1, 2]


def test_one_that_diverged_once_is_ranked_by_its_mean_and_may_be_as_good():
    rng = np.random.default_rng(2)
    answers = {f: rng.random((2, 500)) < 0.95 for f in range(2)}
    answers[0][1] = False
    assert rank_finalists(answers) == (1, 0)
    assert tied_with_best(answers, resampled=False) == (1, 0)


@pytest.mark.parametrize("resampled", [True, False])
def test_equal_finalists_and_a_single_one_are_tied(resampled):
    rows = np.random.default_rng(0).random((2, 50)) < 0.9
    assert tied_with_best({0: rows, 1: rows, 2: rows}, resampled=resampled) == (0, 1, 2)
    assert tied_with_best({4: rows}, resampled=resampled) == (4,)
    nothing = np.zeros((0, 50), dtype=bool)
    assert tied_with_best({0: nothing}, resampled=resampled) == rank_finalists({0: nothing}) == (0,)


@pytest.mark.parametrize("resampled", [True, False])
@pytest.mark.parametrize("seed_noise", [0.0, 0.3])
def test_of_equals_each_is_in_the_set_19_times_in_20(resampled, seed_noise):
    """Hardest where all are equal. A fixed seed; 600 cases have a standard error of 0.9 points."""
    rng = np.random.default_rng(9)
    finalists, images = 5, 300

    def ease(repeats):
        own = 0.6 * rng.standard_normal((finalists, repeats, images), dtype=np.float32)
        return own + 1.2 * rng.standard_normal((repeats, images), dtype=np.float32)

    def draw():
        seeds = seed_noise * rng.standard_normal((finalists, 3, 1), dtype=np.float32)
        rest = rng.standard_normal((finalists, 3, images), dtype=np.float32)
        answers = 2.5 + seeds + ease(3 if resampled else 1) + rest > 0
        return dict(enumerate(answers))

    sets = [tied_with_best(draw(), resampled=resampled) for _ in range(600)]
    assert min(np.mean([finalist in ties for ties in sets]) for finalist in range(finalists)) >= 0.94


@pytest.mark.parametrize(("answers", "overlap"), [({}, 0.0), ({0: np.ones((1, 2), dtype=bool)}, 1.0)])
def test_what_cannot_be_compared_is_refused(answers, overlap):
    with pytest.raises(ValueError, match="give at least one finalist"):
        tied_with_best(answers, resampled=True, overlap=overlap)


@pytest.mark.parametrize(("answers", "n"), [({}, 1), ({0: np.ones((1, 2), dtype=bool)}, 0)])
def test_somebody_survives(answers, n):
    with pytest.raises(ValueError, match="give at least one finalist, and a number from 1"):
        survivors(answers, n)
