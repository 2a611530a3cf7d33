"""Streams that cannot be written: what is only talk is dropped, and a result that is lost is said to be so."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

PACKTUNE = str(Path(sys.executable).parent / "packtune")
SEARCH = ("run", "--space", "mini-grid", "--trials", "2", "--epochs", "1", "--name", "small")


def packtune(folder, *arguments, **how):
    return subprocess.run([PACKTUNE, *arguments], cwd=folder, timeout=120, **{"stderr": subprocess.PIPE} | how)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Give the folder in which a small search was made, with talk that could not be written."""
    folder = tmp_path_factory.mktemp("broken")
    with open("/dev/full", "wb") as full:
        done = packtune(folder, *SEARCH, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 0
    assert b"Winner: trial" in done.stdout
    return folder


def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "wb")


@pytest.mark.parametrize(("sink", "why"), [("full", b"No space left on device"), ("closed", b"Broken pipe")])
@pytest.mark.parametrize(
    "command",
    [
        ("leaderboard", "small"),
        ("best", "small"),
        ("watch", "small"),
        ("watch", "small", "--once"),
        ("spaces",),
        ("datasets",),
    ],
)
def test_a_result_that_cannot_be_written_is_said_in_one_line(run, command, sink, why):
    with open("/dev/full", "wb") if sink == "full" else closed_pipe() as stdout:
        done = packtune(run, *command, stdout=stdout)
    assert done.returncode == 2
    assert done.stderr == b"Error: cannot write the result to stdout: " + why + b"\n"


def test_a_search_whose_talk_nobody_reads_ends_as_usual(tmp_path):
    with closed_pipe() as stderr:
        done = packtune(tmp_path, *SEARCH, stdout=subprocess.PIPE, stderr=stderr)
    assert done.returncode == 0
    assert b"Winner: trial" in done.stdout
    assert (tmp_path / "results/runs/small/leaderboard.csv").exists()


def test_letters_that_the_encoding_lacks_are_escaped(run):
    environment = os.environ | {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"}
    done = packtune(run, "leaderboard", "größer", env=environment, stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert b"no run named 'gr\\xf6\\xdfer'" in done.stderr


def test_a_dumb_terminal_gets_plain_lines(tmp_path):
    controller, terminal = pty.openpty()
    done = packtune(tmp_path, *SEARCH, stdout=subprocess.PIPE, stderr=terminal, env=os.environ | {"TERM": "dumb"})
    os.close(terminal)
    shown = os.read(controller, 65536)
    os.close(controller)
    assert done.returncode == 0
    assert b"0/2 trials" in shown
    assert b"\x1b" not in shown
