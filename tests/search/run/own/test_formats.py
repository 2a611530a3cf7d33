"""Searches on data of the user's own: the same examples give the same leaderboard, whatever they are kept in."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from packtune.data.own.facts import ARRAYS, ROWS, read_facts
from packtune.errors import DataError, SpaceError
from packtune.report.live.progress import SilentView
from packtune.run.ending import read_ending, with_baselines
from packtune.run.find import find_run
from packtune.run.own.baselines import FILE, keep_baselines, read_baselines
from packtune.run.own.keeping import load_data
from packtune.run.own.new_search import new_search
from packtune.space.source import find_space
from packtune.trial import TrialState


class Told(SilentView):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture(scope="module")
def expected(searched, digits, tmp_path_factory):
    run, _ = searched(digits, tmp_path_factory.mktemp("expected"))
    return run.folder.leaderboard_csv.read_bytes()


def test_the_same_digits_in_any_format_give_the_same_leaderboard(searched, written, expected, tmp_path):
    run, ending = searched(written, tmp_path / "results")
    assert run.folder.leaderboard_csv.read_bytes() == expected
    assert ending.winner.row.score > 0.5
    about = read_facts(run.folder.path).own.description
    assert about.heads[0].classes == tuple("0123456789")
    assert (run.folder.path / ROWS).read_text().count("\n") == 301


def test_a_frame_and_its_file_give_the_same_leaderboard(searched, wine, tmp_path):
    boards = [
        searched(data, tmp_path / name, target="target")[0].folder.leaderboard_csv.read_bytes()
        for name, data in (("file", wine), ("frame", pd.read_csv(wine)))
    ]
    assert boards[0] == boards[1]


def test_several_heads_with_different_numbers_of_classes(searched, wine, tmp_path):
    run, ending = searched(wine, tmp_path, target=["target", "strong"], epochs=5)
    heads = run.settings.plan.own.description.heads
    assert [(head.name, len(head.classes)) for head in heads] == [("target", 3), ("strong", 2)]
    table = pd.read_csv(run.folder.leaderboard_csv)
    assert {"validation_target", "validation_strong", "test_target", "test_strong"} <= set(table)
    assert (table["validation_accuracy"] <= table[["validation_target", "validation_strong"]].min(axis=1)).all()
    assert ending.winner.row.score > 0.6


def test_patches_of_colour_photographs(searched, tmp_path):
    for name in ("china", "flower"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        photo = load_sample_image(f"{name}.jpg")
        for number in range(60):
            row, column = divmod(number, 12)
            patch = photo[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
            Image.fromarray(np.ascontiguousarray(patch)).save(tmp_path / "photos" / name / f"{number}.png")
    space = {"architecture": ["mlp", "cnn"], "learning_rate": [0.01], "batch_size": [16], "hidden_units": [8]}
    run, ending = searched(tmp_path / "photos", tmp_path / "results", space=space)
    assert run.settings.plan.own.description.input_shape == (3, 32, 32)
    assert {row.configuration.architecture for row in ending.rows} == {"mlp", "cnn"}
    assert ending.winner.row.score > 0.6


def test_a_wide_search_on_small_images_has_no_failure(searched, digits, tmp_path):
    images, labels = digits
    run, ending = searched((images[:, 2:26:3, 2:26:3].copy(), labels), tmp_path, space="sgd", trials=8, epochs=1)
    assert all(record.state is not TrialState.FAIL for record in ending.records)
    cnns = [r.configuration for r in ending.rows if r.configuration.architecture == "cnn"]
    assert cnns
    assert {each.blocks for each in cnns} == {1}
    assert find_run(str(run.folder.path), tmp_path).space == run.space


def test_the_notebooks_list_and_protocol(searched, wine, tmp_path):
    _, ending = searched(wine, tmp_path, space="mini-grid", target="target", epochs=3)
    assert len(ending.rows) == 10
    assert {row.state for row in ending.rows} == {TrialState.COMPLETE}
    assert ending.winner.row.score > 0.6


def test_a_list_of_networks_for_images_is_refused_for_a_table(wine):
    with pytest.raises(SpaceError, match="offers only cnn, which needs images, and wine is a table: give a space"):
        new_search(wine, find_space("notebook-cnn"), {"target": "target"}, Told())


def test_baselines_are_measured_once_and_stand_below_the_leaderboard(searched, wine, tmp_path):
    run, ending = searched(wine, tmp_path, target="target")
    assert ending.baselines == ()
    told = Told()
    keep_baselines(run.folder.path, load_data(run), told.say)
    kept = (run.folder.path / FILE).read_bytes()
    keep_baselines(run.folder.path, load_data(run), told.say)
    assert ((run.folder.path / FILE).read_bytes(), told.lines) == (kept, [])
    majority, regression = read_baselines(run.folder.path)
    assert (majority.name, regression.name) == ("majority class", "logistic regression")
    assert majority.test < 0.5 < 0.9 < regression.test <= 1
    with_baselines(run, ending)
    foot = run.folder.leaderboard_md.read_text().rsplit("\n\n", 1)[-1]
    assert foot.startswith(f"For comparison: always the most frequent class reaches {majority.validation:.4f} on valid")
    assert read_ending(run).baselines == (majority, regression)


def test_a_damaged_file_of_baselines_ends_nothing(searched, wine, tmp_path):
    run, _ = searched(wine, tmp_path, target="target")
    for content in ("", "{", "[3]", '[{"name": "x"}]', '{"a": 1}'):
        (run.folder.path / FILE).write_text(content)
        assert read_ending(run).baselines == ()
    told = Told()
    (run.folder.path / FILE).unlink()
    (run.folder.path / FILE).mkdir()
    keep_baselines(run.folder.path, load_data(run), told.say)
    assert "What simple methods reach is not known" in told.lines[0]


def test_a_run_that_was_moved_needs_neither_its_source_nor_its_old_place(searched, pictures, tmp_path):
    source = shutil.copytree(pictures, tmp_path / "source")
    run, ending = searched(source, tmp_path / "results")
    shutil.rmtree(source)
    moved = find_run(str(run.folder.path.rename(tmp_path / "elsewhere")), tmp_path)
    assert [row.trial for row in read_ending(moved).rows] == [row.trial for row in ending.rows]
    assert load_data(moved).fingerprint == run.settings.plan.own.description.fingerprint
    shutil.rmtree(moved.folder.path / ARRAYS)
    with pytest.raises(DataError, match="source"):
        load_data(moved)


def test_a_deleted_copy_is_made_again_and_changed_examples_are_refused(searched, wine, tmp_path):
    source = Path(shutil.copy(wine, tmp_path / "wine.csv"))
    run, _ = searched(source, tmp_path / "results", target="target")
    arrays = run.folder.path / ARRAYS
    before = {path.name: path.read_bytes() for path in arrays.iterdir()}
    shutil.rmtree(arrays)
    told = Told()
    load_data(run, told)
    assert {path.name: path.read_bytes() for path in arrays.iterdir()} == before
    assert told.lines[0].startswith("Reading the examples again, as the examples are gone")
    shutil.rmtree(arrays)
    lines = source.read_text().splitlines()
    source.write_text("\n".join([*lines[:-1], lines[-1].replace("barbera", "barolo")]) + "\n")
    with pytest.raises(DataError, match="has other examples than when the run 'mine' began"):
        load_data(run)
    assert not arrays.exists()


def test_examples_of_a_program_are_kept_with_the_run_alone(searched, digits, tmp_path):
    run, _ = searched(digits, tmp_path)
    shutil.rmtree(run.folder.path / ARRAYS)
    with pytest.raises(DataError, match="came from a Python program, and are kept nowhere else: start a new run"):
        load_data(run)
