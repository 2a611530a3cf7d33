"""What a local Ray is given where the machine lacks it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from packtune.execution.environment import changed
from packtune.execution.surroundings import (
    check_address_space,
    check_counts,
    check_loopback,
    home_variables,
    token_variables,
)

# A process of Ray in the making: what the environment of a search lets through to it.
CHILD = "import os, sys; print(sys.warnoptions, os.environ.get('HOME'), os.environ.get('X_TEST'))"


def test_this_machine_has_what_ray_needs():
    check_loopback()
    check_address_space()
    check_counts(workers=1)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("ulimit -n 63", "a process may have 63 files open, and needs 64: lift the limit with `ulimit -n 4096`"),
        ("ulimit -n 64", "enough"),
        ("ulimit -Sn 32", "enough"),  # which a process may raise itself
        ("ulimit -u 199", "this user may start 198 more threads, and a search needs 200: lift the limit with `ulimit"),
        ("ulimit -u 300", "enough"),
    ],
)
def test_too_few_files_or_threads_are_told(limit, words):
    code = "from packtune.execution.surroundings import check_counts; check_counts(workers=2); print('enough')"
    before = another_user() if "-u" in limit else ()
    done = subprocess.run(
        [*before, "bash", "-c", f'{limit} && exec "$@"', "sh", sys.executable, "-c", code],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert words in done.stdout + done.stderr


def another_user():
    """Give the command that runs another one as a user who has no processes, and whom limits bind."""
    if os.geteuid() or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user, with setpriv")
    capabilities = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    return ("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", *capabilities)


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_ray_gets_a_token_where_the_home_folder_has_none(tmp_path, content):
    if content is not None:
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray/auth_token").write_text(content)
    token = token_variables({"HOME": str(tmp_path)})["RAY_AUTH_TOKEN"]
    assert len(token) == 64
    assert token_variables({}) == {"RAY_AUTH_TOKEN": token}  # one for a process, which Ray may have read already


@pytest.mark.parametrize("name", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"])
def test_a_token_of_the_users_is_left_alone(tmp_path, name):
    assert token_variables({name: "theirs"}) == {}
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray/auth_token").write_text("theirs")
    assert token_variables({"HOME": str(tmp_path)}) == {}


def test_a_home_folder_is_given_only_to_a_user_who_has_none(tmp_path):
    with changed({"HOME": str(tmp_path)}):
        assert home_variables(Path("/tmp")) == {}


def test_variables_are_changed_for_a_while_and_put_back():
    before = dict(os.environ)
    with changed({"PYTHONWARNINGS": "error"}):
        with changed({"PYTHONWARNINGS": None, "X_TEST": "set", "X_TEST_NONE": None}):
            done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, timeout=60)
            assert done.stdout.split() == ["[]", str(before.get("HOME")), "set"]
        assert os.environ["PYTHONWARNINGS"] == "error"
    assert dict(os.environ) == before
