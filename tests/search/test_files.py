"""Files for people: whole or not at all."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packtune.errors import RunError
from packtune.files import make_folder, write_bytes, write_text


@given(st.binary(max_size=1000), st.binary(max_size=1000))
def test_a_file_is_replaced_as_a_whole_and_nothing_else_is_left(tmp_path_factory, first, second):
    path = tmp_path_factory.mktemp("files") / "table.csv"
    write_bytes(path, first)
    write_bytes(path, second)
    assert path.read_bytes() == second
    assert list(path.parent.iterdir()) == [path]


def test_text_is_utf_8_with_its_own_line_ends(tmp_path):
    write_text(tmp_path / "a.md", "größer\r\nis\nbetter")
    assert (tmp_path / "a.md").read_bytes() == "größer\r\nis\nbetter".encode()


def test_a_reader_of_the_old_file_keeps_it_while_a_new_one_is_written(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")
    with path.open() as reader:
        write_text(path, "new and longer")
        assert reader.read() == "old"
    assert path.read_text() == "new and longer"


def test_a_write_that_fails_names_the_path_and_leaves_the_folder_as_it_was(tmp_path):
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(RunError, match=r"cannot write .*/table\.csv: Is a directory: that is a folder, give the name"):
        write_text(tmp_path / "table.csv", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_folder_that_is_gone_is_named(tmp_path):
    with pytest.raises(RunError, match=r"cannot write .*/gone/table\.csv: No such file or directory: make its folder"):
        write_text(tmp_path / "gone" / "table.csv", "x")


def test_a_place_where_not_even_removing_works_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match=r"cannot write .*/file/table\.csv: Not a directory"):
        write_text(tmp_path / "file" / "table.csv", "x")


def test_folders_are_made_with_their_parents_and_may_exist(tmp_path):
    path = tmp_path / "a" / "b"
    assert make_folder(path) == path
    assert make_folder(path).is_dir()


def test_a_folder_under_a_file_is_refused_with_its_path(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match=r"cannot make the folder .*/file/a: Not a directory.*--results"):
        make_folder(tmp_path / "file" / "a")


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "model.pt").write_text("old")
    for name, target in (("there", "disk/model.pt"), ("not yet", "disk/new.pt")):
        link = tmp_path / name
        link.symlink_to(target)
        write_text(link, "new")
        assert link.is_symlink()
        assert (tmp_path / target).read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "not yet", "there"]


def test_links_in_a_circle_are_named(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(RunError, match="cannot write .*/a: "):
        write_text(tmp_path / "a", "x")
    assert (tmp_path / "a").is_symlink()


def test_a_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(pipe.read_bytes)
        write_bytes(pipe, b"through the pipe")
        assert reader.result(timeout=30) == b"through the pipe"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_stays_one_and_its_error_is_shown():
    write_text(Path("/dev/null"), "x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(RunError, match="cannot write /dev/full: No space left on device"):
        write_text(Path("/dev/full"), "x")
