"""Nothing that comes from a file or the network is run: read from the sources, so that it holds for every reader."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for package in ("search", "models", "data") for path in (ROOT / package).rglob("*.py"))
UNPICKLERS = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml"}
RUNNERS = {"eval", "exec", "compile", "__import__"}
SAFE_LOADS = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}

ALLOWED = {"models/own/importing.py": ["compile", "exec"]}
"""Runs the file of a network that the user names on the command line or in a program."""


def unsafe(source: str) -> list[str]:
    """List what a module does that could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in UNPICKLERS]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNPICKLERS:
            found.append(node.module or "")
        elif isinstance(node, ast.Call):
            found += _unsafe_call(node)
    return found


def _unsafe_call(call: ast.Call) -> list[str]:
    name = ast.unparse(call.func)
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if name in SAFE_LOADS:
        option, value = SAFE_LOADS[name]
        return [] if given.get(option) == str(value) else [name]
    return [name] if name in RUNNERS or given.get("shell") == "True" else []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_nothing_that_is_read_is_run(file):
    assert unsafe(file.read_text(encoding="utf-8")) == ALLOWED.get(file.relative_to(ROOT).as_posix(), [])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", ["pickle"]),
        ("from pickle import loads", ["pickle"]),
        ("import torch\ntorch.load(file)", ["torch.load"]),
        ("torch.load(file, weights_only=False)", ["torch.load"]),
        ("torch.load(file, weights_only=True)", []),
        ("np.load(file)", ["np.load"]),
        ("np.load(file, allow_pickle=False)", []),
        ("x = eval(text)", ["eval"]),
        ("subprocess.run(text, shell=True)", ["subprocess.run"]),
        ("import pickletools\nnetwork.eval()", []),
    ],
)
def test_what_could_run_it_is_found(source, found):
    assert unsafe(source) == found
