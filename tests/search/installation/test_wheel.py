"""What a user installs: one import name, with all that belongs to it."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = {"search": "packtune", "models": "packtune/models", "data": "packtune/data"}

pytestmark = pytest.mark.slow


def test_the_wheel_has_one_name_and_every_module(installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
        (top_level,) = (wheel.read(name).decode() for name in names if name.endswith("/top_level.txt"))
    assert top_level.split() == ["packtune"]
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"packtune"}
    files = {
        f"{target}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, target in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {name for name in names if ".dist-info/" not in name} == files
    assert "packtune/py.typed" in files
    assert {f"packtune/execution/templates/{name}" for name in ("autoscaler.yaml", "rayjob.yaml", "slurm.sh")} <= files


def test_it_is_installed_under_one_name(installed):
    found = {path.name.partition("-")[0] for path in installed.packages.iterdir()}
    assert found - {"borrowed.pth", "__pycache__"} == {"packtune"}


def test_the_module_is_the_command(installed, user_folder):
    command = [installed.bin / "python", "-m", "packtune", "--version"]
    done = subprocess.run(command, cwd=user_folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("packtune 0.")


@pytest.mark.parametrize("path", [pytest.param(None, marks=pytest.mark.long), "."])
def test_the_command_searches_beside_modules_of_the_same_names(installed, user_folder, path, clean_environment):
    done = subprocess.run(
        [installed.bin / "packtune", "run", "--trials", "2", "--epochs", "1", "--name", "two"],
        cwd=user_folder, env=clean_environment(PYTHONPATH=path), capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (user_folder / "results/runs/two/leaderboard.csv").read_text().count("\n") >= 2


@pytest.mark.parametrize(
    ("order", "path"), [("theirs-first", None), pytest.param("ours-first", ".", marks=pytest.mark.long)]
)
def test_a_program_and_its_workers_find_the_users_modules_and_ours(
    installed, user_folder, order, path, clean_environment, assert_found
):
    done = subprocess.run(
        [installed.bin / "python", "program.py", order, "run", "--trials", "2", "--epochs", "1"],
        cwd=user_folder, env=clean_environment(PYTHONPATH=path), capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for process in ("driver", "worker"):
        assert_found(user_folder, process, ours=installed.packages)
