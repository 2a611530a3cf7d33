"""Reads a file with a network, and the user's modules that it imports, without running any of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from packtune.errors import NetworkError
from packtune.models.own.network import BUILD, HYPERPARAMETERS, FileNetwork, check_table, digest_of

MOST_BYTES = 20_000_000
"""Of all source; more is a sign of a folder that holds something else."""


def read_network(path: Path, function: str = BUILD) -> FileNetwork:
    """Read a file with a network, and all modules beside it that it imports, and those that these import.

    Of a package, all Python files are taken. No other files are.

    Args:
        function: the name of the function that builds the network.

    Raises:
        NetworkError: a file cannot be read, is no Python file or has a syntax error; or the function is missing.
    """
    folder = path.absolute().parent
    files = {path.name: _read(path)}
    if path.suffix != ".py":
        raise NetworkError(f"{path} is no Python file: give one whose name ends in .py")
    tree = _parse(path, files[path.name])
    waiting = [(tree, Path())]
    while waiting:
        imported, package = waiting.pop()
        for found in sorted(_imported_files(imported, folder, package)):
            name = found.relative_to(folder).as_posix()
            if name not in files:
                files[name] = _read(found)
                waiting.append((_parse(found, files[name]), found.parent.relative_to(folder)))
    if sum(map(len, files.values())) > MOST_BYTES:
        raise NetworkError(
            f"the modules beside {path} are larger than {MOST_BYTES:,} bytes: move {path.name} elsewhere"
        )
    _check_function(tree, path, function)
    return FileNetwork(
        file=str(path), digest=digest_of(files), files=files, table=_literal_table(tree, path), function=function
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(
            f"cannot read the network {path}: {error.strerror}: give the path of a Python file with a function {BUILD}"
        ) from error


def _parse(path: Path, content: bytes) -> ast.Module:
    try:
        return ast.parse(content, filename=str(path))
    except SyntaxError as error:
        line = f": `{error.text.strip()}`" if error.text else ""
        raise NetworkError(
            f"{path} has a syntax error in line {error.lineno}, column {error.offset}: {error.msg}{line}"
        ) from error
    except ValueError as error:
        raise NetworkError(f"{path} is no Python source: {error}") from error


def _imported_files(tree: ast.Module, folder: Path, package: Path) -> Iterator[Path]:
    """Find the files in a folder that a module imports.

    Args:
        package: of the module, relative to the folder.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(folder, Path(alias.name.replace(".", "/")))
        elif isinstance(node, ast.ImportFrom):
            above = Path(*package.parts[: len(package.parts) - node.level + 1]) if node.level else Path()
            base = above / (node.module or "").replace(".", "/")
            yield from _files_of(folder, base)
            for alias in node.names:
                yield from _files_of(folder, base / alias.name)


def _files_of(folder: Path, module: Path) -> Iterator[Path]:
    """List the file of a module, and all files of the packages that it is in."""
    if not module.parts or ".." in module.parts:
        return
    top = folder / module.parts[0]
    if (top / "__init__.py").is_file():
        yield from (path for path in top.rglob("*.py") if path.is_file())
    elif (single := folder / module.with_suffix(".py")).is_file():
        yield single


def _check_function(tree: ast.Module, path: Path, function: str) -> None:
    """Refuse a file that evidently has no function of that name; one that is made in another way shows later."""
    defined = {getattr(node, "name", "") for node in tree.body}
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    aliases = [alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    imported = {alias.asname or alias.name for alias in aliases}
    if not {function, "*"} & (defined | assigned | imported):
        raise NetworkError(
            f"{path} has no function {function}: add `def {function}(configuration, *, input_shape, outputs):`, which "
            "returns a torch.nn.Module"
        )


def _literal_table(tree: ast.Module, path: Path) -> Mapping[str, object] | None:
    """Read the hyperparameters if they are written as plain values; empty if there are none."""
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == HYPERPARAMETERS
    ]
    found = values[-1] if values else None
    if found is None:
        return {}
    try:
        table = ast.literal_eval(found)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return check_table(table, str(path))
