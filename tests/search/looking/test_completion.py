"""A real bash completes names, and no large library is imported for it."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
COMPLETE = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_packtune_completion packtune
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
IMPORTS = """
import sys
from packtune.cli.main import main
sys.argv = ["packtune"]
try:
    main()
finally:
    print(*sorted({"torch", "pandas", "ray", "scipy", "sklearn", "sqlalchemy"} & set(sys.modules)), file=sys.stderr)
"""


def environment(**changes):
    return os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **changes}


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """Write what makes bash complete, as the program shows it in a bash."""
    shown = subprocess.run(["bash", "-c", "packtune --show-completion; true"], env=environment(), capture_output=True,
                           text=True, timeout=240, check=True)  # fmt: skip
    path = tmp_path_factory.mktemp("script") / "complete.sh"
    path.write_text(shown.stdout)
    return path


def complete(folder, script, *words):
    """Give what bash offers for the last of these words."""
    quoted = " ".join(shlex.quote(word) for word in ("packtune", *words))
    program = COMPLETE.format(words=quoted, script=script)
    done = subprocess.run(
        ["bash", "--norc", "-c", program], cwd=folder, env=environment(), capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def folder(results):
    (results / "runs" / "fi$(touch hacked)").mkdir()
    (results / "runs" / "fi$(touch hacked)" / "settings.toml").write_text("")
    (results.parent / "wine.csv").write_text("cultivar;alcohol;a$(x);ash\n1;2;3;4\n")
    return results.parent


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("show", "fi"), ["first"]),
        (("remove", "first", "s"), ["second", "stopped"]),
        (("resume", "st"), ["stopped"]),
        (("leaderboard", "--results", "nowhere", ""), []),
        (("run", "--space", "m"), ["mini-grid"]),
        (("run", "--data", "mnist-"), ["mnist-overlap"]),
        (("run", "--data", "wine.csv", "--target", "a"), ["alcohol", "ash"]),
        (("datasets", "wine.csv", "--target", "cultivar,al"), ["cultivar,alcohol"]),
        (("run", "--metric", "macro"), ["macro-f1"]),
        (("run", "--sampler", "rand"), ["random"]),
        (("comp",), ["compare"]),
    ],
)
def test_bash_completes(folder, script, words, offered):
    assert complete(folder, script, *words) == offered
    assert not (folder / "hacked").exists()


def test_a_key_completes_in_an_interactive_bash(folder, script):
    controller, terminal = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], cwd=folder, stdin=terminal, stdout=terminal, stderr=terminal,
        env=environment(TERM="dumb", PS1="$ "), start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    os.write(controller, f"source {script}\npacktune show fi\t".encode())
    shown, deadline = "", time.monotonic() + 240
    while "show first" not in shown and time.monotonic() < deadline:
        if select.select([controller], [], [], 1)[0]:
            shown += os.read(controller, 65536).decode()
    shell.kill()
    shell.wait()
    os.close(controller)
    assert "show first" in shown


def test_completing_imports_nothing_large_and_writes_nothing(folder, files_of):
    before = files_of(folder)
    changes = {"COMP_WORDS": "packtune show fi", "COMP_CWORD": "2", "_PACKTUNE_COMPLETE": "complete_bash"}
    program = folder.parent / "packtune"
    program.write_text(IMPORTS)
    done = subprocess.run([sys.executable, program], cwd=folder, env=environment(**changes), capture_output=True,
                          text=True, timeout=240, check=False)  # fmt: skip
    program.unlink()
    assert (done.stdout.split(), done.stderr.strip()) == (["first"], ""), done
    assert files_of(folder) == before


@pytest.mark.parametrize(("shell", "words"), [("zsh", "compdef _packtune_completion packtune"), ("fish", "complete")])
def test_scripts_for_other_shells_are_shown(shell, words, tmp_path):
    script = subprocess.run(
        [sys.executable, BIN / "packtune"], env=environment(_PACKTUNE_COMPLETE=f"source_{shell}"), capture_output=True,
        text=True, timeout=240, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert words in script.stdout, script
