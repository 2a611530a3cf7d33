"""Shared by all tests: Hypothesis's settings, names of cases, and the project's own source files as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from packtune.models.hardware.threads import torch_threads

ROOT = Path(__file__).parents[1]
FOLDERS = {"search": "packtune", "models": "packtune.models", "data": "packtune.data"}

# How long an example takes depends on what else the machine does, and decides nothing.
settings.register_profile("packtune", deadline=None)
settings.load_profile("packtune")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its argument, not by its content.

    A content may hold the time at which it was made (gzip's does), and the workers of pytest-xdist must all name a
    test alike. Pytest numbers names that repeat.
    """
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first: while one worker runs the last of them, the other has all the quick ones left."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None and item.get_closest_marker("long") is None)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Let PyTorch use one thread: on small numbers more of them only wait for each other, on busy cores for long."""
    with torch_threads(1):
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A source file of the project.

    Attributes:
        path: relative to the repository, as "models/layers/linear.py".
        module: the name that it is imported by, as "packtune.models.layers.linear".
    """

    path: str
    module: str
    text: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield line and full name of each import, those in functions and under TYPE_CHECKING included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0 and node.module, f"{self.path}:{node.lineno}: import by the full name"
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _read(path: Path) -> SourceFile:
    relative = path.relative_to(ROOT)
    below = relative.with_suffix("").parts[1:]
    module = ".".join([FOLDERS[relative.parts[0]], *(below[:-1] if below[-1] == "__init__" else below)])
    text = path.read_text(encoding="utf-8")
    return SourceFile(path=relative.as_posix(), module=module, text=text, tree=ast.parse(text))


@pytest.fixture(scope="session")
def source_files() -> list[SourceFile]:
    """All source files of search, models and data."""
    return [_read(path) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
