"""Imports run one way, and each framework has its home."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BELOW = {"data": {"data"}, "models": {"models", "data"}, "search": {"search", "models", "data"}}
HOMES = {
    "ray": {
        "search/connection.py",
        "search/launch.py",
        "search/lean_ray.py",
        "search/searcher.py",
        "search/worker.py",
    },
    "optuna": {"search/storage.py", "search/study.py", "search/samplers.py"},
    "pandas": {"search/leaderboard.py", "search/reproduction_table.py"},
}
FILES = sorted(path.relative_to(ROOT).as_posix() for package in BELOW for path in (ROOT / package).glob("*.py"))


def imported(file: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("file", FILES)
def test_imports_run_one_way(file):
    package = file.split("/")[0]
    assert imported(file) & set(BELOW) <= BELOW[package]


@pytest.mark.parametrize("file", FILES)
def test_frameworks_stay_at_home(file):
    for framework, homes in HOMES.items():
        assert framework not in imported(file) or file in homes
