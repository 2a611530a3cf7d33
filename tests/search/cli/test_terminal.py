"""The console command in a real terminal, and without one."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from importlib import metadata
from pathlib import Path

import pytest

PACKTUNE = str(Path(sys.executable).parent / "packtune")
ESCAPE = "\x1b["
COLOUR = re.compile(r"\x1b\[(3[0-8]|9[0-7])[;m]")
SEARCH = ("run", "--space", "mini-grid", "--trials", "2", "--epochs", "1")


def in_terminal(folder, *arguments, columns=100, **environment):
    """Run packtune with stderr in a pseudo-terminal and stdout in a file: exit code, stdout, what it showed."""
    controller, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | environment
    with (folder / "stdout").open("wb+") as stdout:
        process = subprocess.Popen(
            [PACKTUNE, *arguments],
            cwd=folder,
            stdin=terminal,
            stdout=stdout,
            stderr=terminal,
            env=environment | {"TERM": "xterm-256color"},
        )
        os.close(terminal)
        shown = b"".join(iter(lambda: _read(controller), b""))
        os.close(controller)
        code = process.wait(timeout=120)
        stdout.seek(0)
        return code, stdout.read().decode(), shown.decode()


def _read(controller):
    try:
        return os.read(controller, 65536)
    except OSError:  # how Linux says that nobody holds the terminal any more
        return b""


def plainly(folder, *arguments, **environment):
    done = subprocess.run(
        [PACKTUNE, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, env=os.environ | environment
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_a_search_in_a_terminal_draws_its_progress_and_leaves_stdout_to_the_result(tmp_path):
    code, out, shown = in_terminal(tmp_path, *SEARCH)
    assert code == 0
    assert ESCAPE in shown
    assert COLOUR.search(shown)
    assert "2/2 trials" in shown
    assert ESCAPE not in out
    assert out.startswith("rank")
    assert "trials" not in out.split("Winner")[0]
    assert "Winner: trial" in out


@pytest.mark.slow
def test_a_search_without_a_terminal_writes_plain_lines(tmp_path):
    code, out, err = plainly(tmp_path, *SEARCH)
    assert code == 0
    assert ESCAPE not in out + err
    assert "0/2 trials\n" in err
    assert err.rstrip().splitlines()[-1].startswith("2/2 trials, best")
    assert out.startswith("rank")


def test_no_color_takes_the_colours_away_and_nothing_else(tmp_path):
    code, _, shown = in_terminal(tmp_path, "run", "--data", "mnst", NO_COLOR="1")
    assert code == 2
    assert "Did you mean 'mnist'" in shown
    assert not COLOUR.search(shown)
    _, _, coloured = in_terminal(tmp_path, "run", "--data", "mnst")
    assert COLOUR.search(coloured)


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_names_every_command(tmp_path, arguments):
    _, out, err = plainly(tmp_path, *arguments)
    looking = ("runs", "show", "compare", "remove")
    for command in ("run", "resume", "leaderboard", "best", "predict", "reproduce", "spaces", "datasets", *looking):
        assert command in out + err


@pytest.mark.parametrize(
    "command",
    ["run", "resume", "leaderboard", "best", "predict", "reproduce", "spaces", "runs", "show", "compare", "remove"],
)
def test_each_command_has_an_example(tmp_path, command):
    code, out, _ = plainly(tmp_path, command, "--help")
    assert code == 0
    assert "Example" in out
    assert f"packtune {command}" in out.split("Example")[1]


def test_lists_go_to_stdout(tmp_path):
    assert "mnist-overlap" in plainly(tmp_path, "datasets")[1]
    assert "mini-grid" in plainly(tmp_path, "spaces")[1]
    assert "learning_rate" in plainly(tmp_path, "spaces", "--hyperparameters")[1]


def test_the_example_of_a_space_can_be_searched_as_it_is_printed(tmp_path):
    (tmp_path / "mine.toml").write_text(plainly(tmp_path, "spaces", "--example")[1])
    code, _, err = plainly(tmp_path, "run", "--space", "mine.toml", "--sampler", "grid")
    assert code == 2
    assert "continuous" in err  # it was read, and is refused for its ranges only


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rnu",), "No such command 'rnu'"),
        (("run", "--trails", "3"), "No such option"),
        (("run", "--trials", "many"), "'many' is not a whole number, such as 32"),
        (("run", "--time-budget", "soon"), "'soon' is not a duration"),
        (("run", "--device", "gpu"), "unknown device 'gpu'. Did you mean 'cuda'? Allowed: auto, cpu, cuda"),
        (("predict", "none.pt", "images.npz"), "cannot read none.pt: No such file"),
        (("leaderboard", "none"), "no run named 'none'"),
    ],
)
def test_mistakes_exit_with_2_and_say_what_to_do(tmp_path, arguments, words):
    code, out, err = plainly(tmp_path, *arguments)
    assert code == 2
    assert words in err
    assert out == ""
    assert "Traceback" not in err


def test_version_names_what_a_report_of_a_fault_needs(tmp_path):
    code, out, err = plainly(tmp_path, "--version")
    assert (code, err) == (0, "")
    assert out.startswith(f"packtune {metadata.version('packtune')} on ")
    assert f"ray {metadata.version('ray')}" in out
    assert out.count("\n") == 1


STARTED = """
import sys
import packtune.execution.connection

def connection(resources, say):
    print(*sorted({"torch", "pandas", "sqlalchemy", "scipy", "ray.tune"} & set(sys.modules)))
    raise SystemExit(0)

packtune.execution.connection.connection = connection
sys.argv = ["packtune", "run"]
from packtune.cli.main import main
main()
"""


def test_nothing_large_is_imported_before_ray_is_asked_to_start(tmp_path):
    """Ray's processes take two seconds to start: PyTorch and pandas are imported meanwhile."""
    done = subprocess.run([sys.executable, "-c", STARTED], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
