"""The simulation of winners: its truth is true, it runs, and the committed tables are of the code as it is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "benchmarks" / "winner"
sys.path.insert(0, str(FOLDER))

from collapses import means_alone
from probit import COLLAPSING, Cell, Search, Seeds
from selecting import confirm, select_by_means
from simulate import COMMAND, SEARCHES
from table import from_csv, to_csv

from packtune.confirmation.sizes import Round, Sizes, choose_sizes

CELL = Cell(spread=0.1, seeds=Seeds(noise=0.2, unequal=0.5), validation=400)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Run it quickly: what was printed, and the folder of its tables."""
    folder = tmp_path_factory.mktemp("simulation")
    command = [sys.executable, str(FOLDER / "simulate.py"), "--quick", "--write", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout, folder


def test_the_tables_are_written(quick):
    printed, folder = quick
    text = (folder / "simulation.csv").read_text(encoding="utf-8")
    rows = from_csv(text)
    assert to_csv(rows) == text
    assert [row.number for row in rows] == list(range(1, 21))
    assert printed.strip() == (folder / "simulation.md").read_text(encoding="utf-8").strip()


def test_the_committed_rows_are_those_of_the_present_sizes(quick):
    """Another ladder of sizes asks for another simulation."""

    def plans(folder):
        rows = from_csv((folder / "simulation.csv").read_text(encoding="utf-8"))
        return [row.what.rpartition(";")[0] for row in rows]

    committed = ROOT / "results" / "winner"
    assert plans(committed) == plans(quick[1])
    rows = from_csv((committed / "simulation.csv").read_text(encoding="utf-8"))
    assert all(row.command == COMMAND and f"{SEARCHES} searches" in row.what for row in rows)


def test_the_truth_is_what_many_fresh_trainings_reach():
    search = Search(CELL, np.random.default_rng(1))
    for k in (0, 1):
        tests = [search.test(k, repeats=1, images=20)[0].mean() for _ in range(20_000)]
        assert np.mean(tests) == pytest.approx(search.truth[k], abs=5 * np.std(tests) / len(tests) ** 0.5)


def test_half_of_the_configurations_collapse_from_a_share_of_their_seeds_and_the_truth_counts_it():
    search = Search(replace(CELL, collapse=0.3), np.random.default_rng(5))
    unsound = np.flatnonzero(search.collapse)
    assert len(unsound) / len(search.collapse) == pytest.approx(COLLAPSING, abs=0.2)
    k = int(unsound[0])
    found = [search.test(k, repeats=1, images=200) for _ in range(4000)]
    means, lucks = np.array([answers.mean() for answers, _ in found]), np.array([luck for _, luck in found])
    assert (means < 0.5).mean() == pytest.approx(0.3, abs=0.05)
    assert means.mean() == pytest.approx(search.truth[k], abs=5 * means.std() / len(means) ** 0.5)
    assert lucks.mean() == pytest.approx(0, abs=5 * lucks.std() / len(lucks) ** 0.5)


def test_the_best_alone_is_found_out_where_it_collapses():
    """Where most seeds are bad, two trainings find out few; the further ones of the best find out more."""
    sizes = choose_sizes(costs=[1.0] * 64, spent=64, finalists=None, replicates=None)
    cell = replace(CELL, collapse=0.5, seeds=Seeds(noise=0.1))
    winners, by_means = [], []
    for seed in range(300):
        search = Search(cell, np.random.default_rng([6, seed]))
        scores = search.explore()
        configurations, judgement = confirm(search, sizes, scores)
        winners.append(search.truth[configurations[judgement.winner]])
        by_means.append(search.truth[select_by_means(search, means_alone(sizes), scores)])
    assert np.mean(winners) > np.mean(by_means)


def test_the_luck_of_the_draw_is_zero_on_average_and_explains_much():
    search = Search(CELL, np.random.default_rng(2))
    tests = [search.test(0, repeats=4, images=50) for _ in range(4000)]
    means, lucks = np.array([answers.mean() for answers, _ in tests]), np.array([luck for _, luck in tests])
    assert lucks.mean() == pytest.approx(0, abs=5 * lucks.std() / len(lucks) ** 0.5)
    assert (means - lucks).var() < 0.6 * means.var()


@pytest.mark.parametrize("resampled", [True, False])
def test_images_are_the_same_for_all_finalists_and_repeats_only_where_they_are_not_resampled(resampled):
    """Without noise of seeds, repeats on the same images differ by the rest alone, and agree more than fresh ones."""
    cell = Cell(spread=0.0, seeds=Seeds(noise=0.0), validation=1500 if not resampled else 270, resampled=resampled)
    search = Search(cell, np.random.default_rng(3))
    search.explore()
    one, other = search.train((0, 1), 60).values()
    assert one.shape == other.shape == (60, cell.validation)

    def correlation(a, b):
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    assert correlation(one, other) > 0.1
    assert (correlation(one[:-1], one[1:]) > 0.1) == (not resampled)


def test_finalists_are_halved_on_fresh_trainings():
    search = Search(CELL, np.random.default_rng(4))
    scores = search.explore()
    sizes = Sizes(rounds=(Round(finalists=6, repeats=2), Round(finalists=3, repeats=1)), replicates=4)
    configurations, judgement = confirm(search, sizes, scores)
    answers = judgement.answers
    assert list(scores[configurations]) == sorted(scores, reverse=True)[:6]
    assert sorted(len(rows) for rows in answers.values()) == [2, 2, 2, 3, 3, 3]
    kept = [answers[f][:2].mean() for f in answers if len(answers[f]) == 3]
    assert min(kept) >= max(answers[f].mean() for f in answers if len(answers[f]) == 2)
