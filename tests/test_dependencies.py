"""All folders are installed, under one name, and each dependency is declared with the files that import it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
SETUPTOOLS = tomllib.loads(PYPROJECT)["tool"]["setuptools"]
IMPORT_NAMES = {"scikit-learn": "sklearn", "pillow": "PIL", "tomli-w": "tomli_w"}
# A line with one requirement and its comment.
REQUIREMENT = re.compile(r'^ {4}"(?P<name>[A-Za-z0-9_.-]+)[^"]*",?[ ]*(?:# (?P<comment>.*))?$', re.MULTILINE)
# IPython is imported only in a notebook, which has installed it. Extras install the others.
OPTIONAL = {"IPython", "pyarrow", "safetensors", "onnx", "onnxruntime", "mlflow", "optuna_dashboard", "tensorboard"}
# The import of scikit-learn takes seconds: for the digits only its file is read.
READ_AS_FILES = {"scikit-learn": 'find_spec("sklearn")'}


def name_of(requirement):
    return re.match(r"[A-Za-z0-9_.-]+", requirement)[0]


DEPENDENCIES = [name_of(requirement) for requirement in PROJECT["dependencies"]]


def comment_of(dependency):
    return next(
        (match["comment"] or "" for match in REQUIREMENT.finditer(PYPROJECT) if match["name"] == dependency), ""
    )


def named_files(comment):
    """List the files and folders in a comment, before its colon; none if only Optuna imports the package."""
    return [] if comment.startswith("Optuna's ") else comment.split(":")[0].split(", ")


def test_one_name_is_installed(source_files):
    packages = SETUPTOOLS["packages"]
    assert [name for name in packages if name.split(".")[0] != "packtune"] == []
    assert {name.split(".")[0] for name in SETUPTOOLS["package-dir"]} == {"packtune"}
    folders = {source.module for source in source_files if source.path.endswith("__init__.py")}
    assert set(packages) == folders, "list exactly the folders with an __init__.py in pyproject.toml"
    assert len(packages) == len(set(packages))


def test_every_folder_of_modules_is_a_package(source_files):
    folders = {Path(source.path).parent for source in source_files}
    bare = sorted(str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists())
    assert not bare, f"add an __init__.py to these folders, or the wheel will not have them: {', '.join(bare)}"


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_a_dependency_names_the_files_that_import_it(dependency, source_files):
    comment = comment_of(dependency)
    assert comment, f"{dependency}: name the files that import it in a comment"
    package = IMPORT_NAMES.get(dependency, dependency.replace("-", "_"))
    users = {
        source.path
        for source in source_files
        if package in {name.split(".")[0] for _, name in source.imports()}
        or READ_AS_FILES.get(dependency, "\0") in source.text
    }
    for named in named_files(comment):
        assert named.startswith(("search/", "models/", "data/")), f"{dependency}: {named!r} is no path of the project"
        assert (ROOT / named).exists(), f"{dependency}: there is no {named}"
        assert (ROOT / named).is_dir() == named.endswith("/"), (
            f"{dependency}: end the name of a folder, and only of a folder, with a slash"
        )
        assert any(user.startswith(named) for user in users), f"{dependency}: {named} does not import {package}"
    unnamed = sorted(user for user in users if not user.startswith(tuple(named_files(comment))))
    assert not unnamed, f"{dependency}: its comment leaves out {', '.join(unnamed)}"


def test_an_optional_dependency_says_what_for():
    for extra, requirements in PROJECT["optional-dependencies"].items():
        if extra != "dev":
            line = next(line for line in PYPROJECT.splitlines() if line.startswith(f"{extra} = "))
            assert "  # " in line, f"{extra}: say in a comment what {', '.join(requirements)} is for"


def test_every_import_is_declared(source_files):
    declared = {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in DEPENDENCIES} | OPTIONAL
    stray = [
        f"{source.path}:{line}: {name} is no dependency in pyproject.toml"
        for source in source_files
        for line, name in source.imports()
        if name.split(".")[0] not in declared | sys.stdlib_module_names | {"packtune"}
    ]
    assert not stray, "\n".join(stray)
