"""Where Ray's files lie: in the folder that the environment names, unless Ray could not start there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from packtune.errors import ClusterError
from packtune.execution.environment import changed
from packtune.execution.temporary_folder import choose_folder, scratch_folder, why_not


@pytest.fixture
def short():
    """Give a folder whose name is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="p-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.parametrize("name", ["RAY_TMPDIR", "TMPDIR"])
def test_a_folder_that_can_be_used_is_used_and_nothing_is_said(short, name):
    assert choose_folder({name: str(short / "new")}) == (short / "new", "")
    assert list((short / "new").iterdir()) == []


def test_rays_own_variable_comes_before_that_of_all_programs(short):
    assert choose_folder({"RAY_TMPDIR": str(short), "TMPDIR": "/proc"}) == (short, "")
    assert choose_folder({"RAY_TMPDIR": "", "TMPDIR": ""}, usual=short) == (short, "")


def test_a_relative_folder_is_made_absolute(short, monkeypatch):
    monkeypatch.chdir(short)
    assert choose_folder({"TMPDIR": "own"}) == (short / "own", "")


@pytest.mark.parametrize(
    ("name", "reason"), [("tämp", "not all ASCII"), ("x" * 60, "more than"), ("file/below", "Not a directory")]
)
def test_a_folder_of_all_programs_is_replaced_and_the_user_told(short, name, reason):
    (short / "file").write_text("")
    folder, told = choose_folder({"TMPDIR": str(short / name)}, usual=short)
    assert folder == short
    assert reason in told
    assert told.endswith(f"They are in {short} instead; RAY_TMPDIR chooses another folder.")


def test_rays_own_folder_is_never_replaced(short):
    with pytest.raises(ClusterError, match="RAY_TMPDIR = .*the name is not all ASCII: set RAY_TMPDIR to a folder"):
        choose_folder({"RAY_TMPDIR": str(short / "tämp")}, usual=short)


def test_the_longest_name_is_the_longest_that_a_socket_can_be_bound_in(short):
    room = 107 - len(f"/ray/session_2026-01-01_00-00-00_000000_{os.getpid()}/sockets/plasma_store")
    longest = short / ("x" * (room - len(str(short)) - 1))
    assert why_not(longest) == ""
    assert "more than" in why_not(longest.with_name(f"{longest.name}x"))


def test_a_folder_of_our_own_serves_where_another_users_is_in_the_way(short):
    (short / "ray").write_text("what Ray cannot write into")
    own = short / f"packtune-{os.getuid()}"
    folder, told = choose_folder({}, usual=short)
    assert folder == own
    assert f"Ray cannot keep its files in {short}: Not a directory" in told
    assert own.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_our_own_that_leads_elsewhere_is_refused(short):
    (short / "ray").write_text("")
    (short / "theirs").mkdir()
    (short / f"packtune-{os.getuid()}").symlink_to(short / "theirs")
    with pytest.raises(ClusterError, match=f"Not a directory, and not in {short}"):
        choose_folder({}, usual=short)


def test_ray_tunes_files_lie_beside_rays(short):
    with changed({"RAY_TMPDIR": str(short)}), scratch_folder() as folder:
        assert Path(folder).parent == short
    for unusable in (None, str(short / "missing")):
        with changed({"RAY_TMPDIR": unusable}), scratch_folder() as folder:
            assert Path(folder).parent == Path(tempfile.gettempdir())
