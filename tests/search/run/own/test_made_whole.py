"""A run's folder is made whole or not at all, wherever its process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from packtune.data.own.facts import ARRAYS, FACTS
from packtune.errors import NameTaken, RunError
from packtune.report.live.progress import SilentView
from packtune.run.folder import RunFolder
from packtune.run.own.keeping import load_data
from packtune.run.own.new_search import new_search
from packtune.settings import Settings
from packtune.space.source import find_space

SPACE = {"hidden_units": [8, 16], "batch_size": [16]}
PACKTUNE = str(Path(sys.executable).parent / "packtune")


def make(wine, results):
    made = new_search(str(wine), find_space(SPACE), {"target": "target"}, SilentView())
    return made.create(results=results, name="mine")


def killed_while_made(wine, results, file):
    """Make a run in a process that is killed just before it writes a file of the run."""
    process = os.fork()
    if process == 0:
        from packtune.run import folder
        from packtune.run.own import keeping

        def write(path, *content):
            if path.name == file:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(path, *content)

        original = keeping.write_text
        keeping.write_text = write
        folder.write_settings = lambda settings, path: write(path, "")
        make(wine, results)
        os._exit(1)
    _, status = os.waitpid(process, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.parametrize("file", [FACTS, "settings.toml"])
def test_a_process_that_is_killed_while_it_makes_a_run_leaves_its_name_free(wine, tmp_path, file):
    killed_while_made(wine, tmp_path, file)
    folder = RunFolder(tmp_path, "mine")
    assert (folder.path / ARRAYS).is_dir()
    with pytest.raises(RunError, match="killed while it made that run, which never began: start it again"):
        RunFolder.find(tmp_path, "mine")
    run = make(wine, tmp_path)
    assert RunFolder.find(tmp_path, "mine").load().settings == run.settings
    assert load_data(run).fingerprint == run.settings.plan.description.fingerprint


def test_what_a_killed_process_left_does_not_get_into_another_run(wine, tmp_path):
    killed_while_made(wine, tmp_path, "settings.toml")
    folder = RunFolder(tmp_path, "mine")
    folder.create(Settings(name="mine"))
    assert sorted(path.name for path in folder.path.iterdir()) == [".lock", "settings.toml"]


def test_resume_says_that_the_run_was_never_made(wine, tmp_path):
    killed_while_made(wine, tmp_path / "results", "settings.toml")
    done = subprocess.run([PACKTUNE, "resume", "mine"], cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert done.returncode == 2
    assert "start it again with `packtune run`" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_run_that_cannot_be_kept_leaves_no_folder_and_one_that_exists_is_left_alone(wine, tmp_path):
    def fail(folder):
        (folder.path / FACTS).write_text("{")
        raise OSError("no room")

    folder = RunFolder(tmp_path, "mine")
    with pytest.raises(OSError, match="no room"):
        folder.create(Settings(name="mine"), keep=fail)
    assert not folder.path.exists()
    run = make(wine, tmp_path)
    with pytest.raises(NameTaken):
        folder.create(Settings(name="mine"), keep=fail)
    assert RunFolder.find(tmp_path, "mine").load().settings == run.settings
