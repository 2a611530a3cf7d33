"""Files and folders whose names are not UTF-8, from the space of a search to the labels of its winner."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from packtune.data.files import readable
from packtune.report.console import shell_word

LATIN_1 = os.fsdecode(b"caf\xe9")


def packtune(folder, *arguments):
    command = [sys.executable, "-m", "packtune", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=280)
    assert b"Traceback" not in done.stderr, done.stderr
    assert b"UnicodeEncodeError" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.slow
def test_a_search_reads_and_writes_files_with_names_of_any_bytes(tmp_path):
    folder = tmp_path / LATIN_1
    folder.mkdir()
    space, results, model = folder / f"{LATIN_1}.toml", folder / "results", folder / f"{LATIN_1}.pt"
    space.write_text("hidden_units = [8, 16]\r\n")
    code, out, err = packtune(tmp_path, "run", "--space", space, "--epochs", "1", "--results", results, "--name", "x")
    assert code == 0, err
    assert "The full table: " in out
    assert "caf\\udce9" in out
    code, out, err = packtune(tmp_path, "best", "x", "--results", results, "--export", model)
    assert code == 0, err
    assert model.is_file()
    scans = folder / "scans"
    scans.mkdir()
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(scans / f"{LATIN_1}.png")
    code, out, err = packtune(tmp_path, "predict", model, scans)
    assert code == 0, err
    assert out.splitlines()[1].startswith("caf\\xe9.png,")
    code, out, err = packtune(tmp_path, "resume", results / "runs" / "x", "--trials", "2")
    assert (code, "All 2 trials had been finished before" in err) == (0, True), err


@pytest.mark.slow
def test_a_search_from_a_folder_in_which_ray_cannot_start_says_so(tmp_path):
    folder = tmp_path / LATIN_1
    folder.mkdir()
    code, _, err = packtune(folder, "run", "--trials", "1")
    assert code == 2
    assert "caf\\xe9, as its name is not UTF-8: start packtune in another folder" in err


@pytest.mark.parametrize("arguments", [("leaderboard", LATIN_1), ("run", "--space", f"{LATIN_1}.toml"), (LATIN_1,)])
def test_mistakes_in_such_names_are_told(tmp_path, arguments):
    code, _, err = packtune(tmp_path, *arguments)
    assert code == 2
    assert "caf\\" in err


@pytest.mark.parametrize("name", [b"caf\xe9", b"it's \xff\\n", "größe".encode(), b"plain", b"two words"])
def test_a_name_in_a_command_means_the_same_file_to_a_shell(tmp_path, name):
    (tmp_path / os.fsdecode(name)).write_text("found")
    line = os.fsencode(f"cat {shell_word(os.fsdecode(name))}")
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.stdout == b"found", done.stderr
    assert line.decode() == os.fsdecode(line)


def test_a_name_is_shown_in_one_line():
    assert readable(os.fsdecode(b"a\xe9\n\x1b[31m")) == "a\\xe9\\n\\x1b[31m"
    assert readable("größe 2") == "größe 2"
