"""Limits on the size of files, folders, classes and functions."""

from __future__ import annotations

import ast
import inspect
import statistics
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

MAX_FILE_LINES = 300
MAX_MODULES = 14  # in a folder, `__init__.py` included
MAX_METHODS = 14
MAX_BODY_LINES = 44
MEDIAN_BODY_LINES = 4
P90_BODY_LINES = 13
MAX_PARAMETERS = 7
MAX_ANY_LINES = 15


def functions_of(source):
    """List the functions and methods of a file, nested ones included."""
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(function):
    """Count the lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def parameters_of(function):
    arguments = function.args
    variable = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *variable]
    return [argument for argument in everything if argument.arg not in ("self", "cls")]


def any_lines(function):
    """List the lines of a function's signature with `Any`."""
    annotations = [*(argument.annotation for argument in parameters_of(function)), function.returns]
    nodes = [node for annotation in annotations if annotation is not None for node in ast.walk(annotation)]
    return {
        node.lineno
        for node in nodes
        if (isinstance(node, ast.Name) and node.id == "Any") or (isinstance(node, ast.Attribute) and node.attr == "Any")
    }


@pytest.fixture(scope="session")
def functions(source_files):
    """List (file, function) of the whole project."""
    return [(source, function) for source in source_files for function in functions_of(source)]


@pytest.fixture(scope="session")
def commands():
    """List (file, name) of the functions that are Typer commands: each option is a parameter."""
    from packtune.cli.commands import app

    entries = [*app.registered_commands, app.registered_callback]
    callbacks = [inspect.unwrap(entry.callback) for entry in entries if entry is not None and entry.callback]
    return {(Path(inspect.getfile(callback)).name, callback.__name__) for callback in callbacks}


def test_files_are_short(source_files):
    long = [
        f"{source.path}: {source.text.count(chr(10))} lines"
        for source in source_files
        if source.text.count("\n") > MAX_FILE_LINES
    ]
    assert not long, f"more than {MAX_FILE_LINES} lines:\n" + "\n".join(long)


def test_folders_hold_few_modules(source_files):
    counts = Counter(str(PurePosixPath(source.path).parent) for source in source_files)
    full = [f"{folder}: {n} modules" for folder, n in counts.items() if n > MAX_MODULES]
    assert not full, f"more than {MAX_MODULES} modules in a folder:\n" + "\n".join(full)


def test_no_module_of_models_and_data_is_named_like_its_folder(source_files):
    doubled = [
        source.path
        for source in source_files
        if source.path.startswith(("models/", "data/")) and Path(source.path).stem == Path(source.path).parent.name
    ]
    assert not doubled, f"give these files another name than their folder's: {', '.join(doubled)}"


def test_classes_have_few_methods(source_files):
    large = [
        f"{source.path}:{node.lineno}: {node.name} has {n} methods"
        for source in source_files
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and (n := sum(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for part in node.body)) > MAX_METHODS
    ]
    assert not large, f"more than {MAX_METHODS} methods in a class:\n" + "\n".join(large)


def test_function_bodies_are_short(functions):
    lines = sorted((body_lines(function), f"{source.path}:{function.lineno}") for source, function in functions)
    sizes = [size for size, _ in lines]
    longest = "; the longest: " + ", ".join(f"{where} ({size})" for size, where in lines[:-11:-1])
    assert sizes[-1] <= MAX_BODY_LINES, f"a body has {sizes[-1]} lines, more than {MAX_BODY_LINES}{longest}"
    assert statistics.median(sizes) <= MEDIAN_BODY_LINES, (
        f"more than half of the bodies are longer than {MEDIAN_BODY_LINES} lines{longest}"
    )
    assert statistics.quantiles(sizes, n=10)[-1] <= P90_BODY_LINES, (
        f"more than a tenth of the bodies are longer than {P90_BODY_LINES} lines{longest}"
    )


def test_functions_take_few_parameters(functions, commands):
    many = [
        f"{source.path}:{function.lineno}: {function.name} has {len(parameters_of(function))}"
        for source, function in functions
        if len(parameters_of(function)) > MAX_PARAMETERS
        and not (source.path.startswith("search/cli/") and (Path(source.path).name, function.name) in commands)
    ]
    assert not many, f"more than {MAX_PARAMETERS} parameters:\n" + "\n".join(many)


def test_signatures_rarely_use_any(functions):
    lines = sorted({(source.path, line) for source, function in functions for line in any_lines(function)})
    listed = "\n".join(f"{path}:{line}" for path, line in lines)
    assert len(lines) <= MAX_ANY_LINES, f"`Any` in {len(lines)} lines of signatures, at most {MAX_ANY_LINES}:\n{listed}"
