"""Folders of pictures: which folder is what, what is left out, and what is refused."""

import os

import numpy as np
import pytest

from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.errors import CorruptFile, DataError, MissingFiles

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
OPTIONS = DataOptions()


def put(folder, *names):
    """Write a small picture at each place in the folder; each has another level."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (3, 2), number).save(path, format="PNG")
    return folder


def labels(raw, split="train"):
    return raw.splits[split].labels["label"].tolist()


def test_names_and_labels_are_in_the_order_of_names(tmp_path):
    raw = read(put(tmp_path / "pets", "dogs/b.png", "cats/2.png", "cats/10.png", "cats/more/deep/1.png"), OPTIONS)
    assert raw.name == "pets"
    assert raw.splits["train"].names == ("cats/10.png", "cats/2.png", "cats/more/deep/1.png", "dogs/b.png")
    assert labels(raw) == ["cats", "cats", "cats", "dogs"]
    assert raw.splits["train"].inputs[:, 0, 0, 0].tolist() == [2, 1, 3, 0]
    assert raw.notes == ()


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Train", "Validation", "TEST"), ("TRAIN", "valid", None)])
def test_folders_of_splits(tmp_path, names):
    train, validation, test = names
    for split in filter(None, names):
        put(tmp_path, f"{split}/a/1.png", f"{split}/b/2.png")
    put(tmp_path, f"{train}/a/3.png", "notes/x/1.png")
    raw = read(tmp_path, OPTIONS)
    assert set(raw.splits) == {"train", "validation"} | ({"test"} if test else set())
    assert labels(raw) == ["a", "a", "b"]
    assert labels(raw, "validation") == ["a", "b"]
    assert raw.splits["validation"].names == (f"{validation}/a/1.png", f"{validation}/b/2.png")
    assert raw.notes == ("Beside the folders of splits, these are left out: notes.",)


def test_train_may_be_a_class(tmp_path):
    raw = read(put(tmp_path, "car/1.png", "train/1.png", "bus/1.png"), OPTIONS)
    assert labels(raw) == ["bus", "car", "train"]


def test_hidden_files_are_skipped_and_others_are_named(tmp_path):
    put(
        tmp_path,
        "a/1.png",
        "a/.hidden.png",
        "a/._1.png",
        ".git/x.png",
        "b/without_ending",
        "loose.png",
        "__MACOSX/a.png",
    )
    (tmp_path / "a" / "readme.txt").write_text("hello")
    (tmp_path / "b" / "wrong.png").write_text("hello")
    (tmp_path / "b" / "Thumbs.db").write_bytes(b"\0\1")
    raw = read(tmp_path, OPTIONS)
    assert raw.splits["train"].names == ("a/1.png", "b/without_ending")
    assert raw.notes == (
        "2 files are no pictures and are left out: a/readme.txt, b/Thumbs.db.",
        "1 file lies in no class's folder and is left out: loose.png.",
        "1 file cannot be read and is left out: b/wrong.png is no picture.",
    )


def test_many_left_out_are_counted(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png")
    for number in range(5):
        (tmp_path / "a" / f"{number}.txt").write_text("x")
    assert read(tmp_path, OPTIONS).notes == (
        "5 files are no pictures and are left out: a/0.txt, a/1.txt, a/2.txt, and 2 more.",
    )


def test_links_are_followed_and_loops_are_not(tmp_path):
    put(tmp_path / "set", "a/1.png", "b/1.png")
    put(tmp_path / "elsewhere", "2.png")
    (tmp_path / "set" / "a" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "a" / "loop").symlink_to(tmp_path / "set" / "a")
    (tmp_path / "set" / "b" / "up").symlink_to(tmp_path / "set" / "b")
    (tmp_path / "set" / "b" / "self").symlink_to("self")
    (tmp_path / "set" / "b" / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(tmp_path / "set" / "b" / "pipe.png")
    raw = read(tmp_path / "set", OPTIONS)
    assert raw.splits["train"].names == ("a/1.png", "a/link/2.png", "b/1.png")
    assert "b/gone.png cannot be opened (No such file" in raw.notes[-1]


def test_names_are_shown_in_one_line(tmp_path):
    names = ["=1+2", "new\nline", "right\u202eleft", "katzen äöü"]
    raw = read(put(tmp_path, *(f"{name}/1.png" for name in names)), OPTIONS)
    assert labels(raw) == ["=1+2", "katzen äöü", "new\\nline", "right\\u202eleft"]
    assert raw.splits["train"].names[2] == "new\\nline/1.png"


def test_empty_folders_are_refused_by_name(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png")
    for name in ("empty", "text", "void", "zero"):
        (tmp_path / name).mkdir()
    (tmp_path / "text" / "x.txt").write_text("x")
    with pytest.raises(DataError, match="no pictures are in these folders of .*: empty, text, void and 1 more"):
        read(tmp_path, OPTIONS)


def test_an_empty_folder_of_testing_is_allowed(tmp_path):
    put(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/1.png")
    (tmp_path / "test" / "b").mkdir()
    assert labels(read(tmp_path, OPTIONS), "test") == ["a"]


def test_a_class_of_which_nothing_can_be_read_is_refused(tmp_path):
    put(tmp_path, "a/1.png")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.png").write_bytes((tmp_path / "a" / "1.png").read_bytes()[:40])
    with pytest.raises(CorruptFile, match="no picture of these classes can be read: b"):
        read(tmp_path, OPTIONS)
    (tmp_path / "a" / "1.png").write_bytes(b"")
    with pytest.raises(CorruptFile, match="none of the 2 pictures .* can be read: .*a/1.png is no picture"):
        read(tmp_path, OPTIONS)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("1.png", "2.png"), "2 pictures lie in .* itself, such as 1.png.*move them into a folder for each class"),
        (("only/1.png",), "has a single folder, only, .* two are needed"),
        (("only/a/1.png", "only/b/1.png"), "a single folder, only, .* Did you mean .*only, which has 2 folders"),
        (("train/a/1.png", "test/a/1.png"), "has a single folder, a, and so a single class"),
        (("test/a/1.png", "val/a/1.png"), "has .*, but no folder train"),
        (("train/a/1.png", "val/a/1.png", "valid/a/1.png"), "two folders for validation, val and valid"),
    ],
)
def test_other_folders_are_refused(tmp_path, names, message):
    with pytest.raises(DataError, match=message):
        read(put(tmp_path, *names), OPTIONS)


def test_folders_without_pictures_are_refused(tmp_path):
    with pytest.raises(MissingFiles, match="is empty"):
        read(tmp_path, OPTIONS)
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(MissingFiles, match="no pictures are in .*; it has notes.md"):
        read(tmp_path, OPTIONS)
    (tmp_path / "wine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="did you mean .*wine.csv"):
        read(tmp_path, OPTIONS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png", "b/2.png")
    (tmp_path / "b" / "2.png").chmod(0)
    assert "b/2.png cannot be opened (Permission denied)" in read(tmp_path, OPTIONS).notes[-1]
    (tmp_path / "b").chmod(0)
    with pytest.raises(MissingFiles, match="cannot read the folder .*b: Permission denied"):
        read(tmp_path, OPTIONS)
    (tmp_path / "b").chmod(0o700)


def test_progress_is_told(tmp_path):
    told = []
    read(put(tmp_path, "a/1.png", "b/1.png", "b/2.png"), OPTIONS, lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)


def test_arrays_are_as_many_as_pictures(tmp_path):
    put(tmp_path, *(f"{name}/{number}.png" for name in "ab" for number in range(9)))
    (tmp_path / "a" / "4.png").write_bytes(b"")
    split = read(tmp_path, OPTIONS).splits["train"]
    assert len(split) == len(split.names) == len(split.labels["label"]) == 17
    assert np.array_equal(split.inputs[:, 0, 0, 0], [*range(4), *range(5, 18)])
