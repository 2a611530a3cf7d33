"""Runs the source of a user's network, with the modules beside it, from memory: the same in the driver and in workers.

A module of the user's that has the name of an installed one comes first while the source is run, as it would for a
program in its folder. Afterwards all other code finds the installed one again.
"""

from __future__ import annotations

import functools
import importlib.util
import linecache
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

from packtune.errors import NetworkError

PACKAGE = "__init__.py"
_ONE_AT_A_TIME = threading.RLock()
_IMPORTED: dict[str, dict[str, ModuleType]] = {}
"""The user's modules by name, by the hash of their source."""

_FINDERS: dict[str, tuple[str, SourceFinder]] = {}
"""What finds the user's modules, by the name of the main module."""


class SourceFinder(MetaPathFinder, InspectLoader):
    """Finds and loads modules of which the source is given.

    Args:
        files: the source by path, such as "layers.py" and "parts/__init__.py".
        where: what errors and tracebacks put before a path.
    """

    def __init__(self, files: Mapping[str, bytes], where: str) -> None:
        self.files = files
        self._where = where

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = self._path_of(fullname)
        if found is None:
            return None
        spec = importlib.util.spec_from_loader(fullname, self, is_package=found.endswith(PACKAGE))
        if spec is not None:
            spec.origin, spec.has_location = self.name_of(found), True
        return spec

    def is_package(self, fullname: str) -> bool:
        return (self._path_of(fullname) or "").endswith(PACKAGE)

    def get_source(self, fullname: str) -> str:
        path = self._path_of(fullname)
        if path is None:
            raise ImportError(f"no module {fullname}")
        return importlib.util.decode_source(self.files[path])

    def get_code(self, fullname: str) -> CodeType:
        return self.compile(self._path_of(fullname) or "")

    def compile(self, path: str) -> CodeType:
        """Compile a file, and let tracebacks show its lines."""
        name, source = self.name_of(path), importlib.util.decode_source(self.files[path])
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
        return compile(source, name, "exec", dont_inherit=True)

    def name_of(self, path: str) -> str:
        """Give a file's name for people."""
        return f"{self._where}{path}"

    def _path_of(self, fullname: str) -> str | None:
        stem = fullname.replace(".", "/")
        return next((path for path in (f"{stem}/{PACKAGE}", f"{stem}.py") if path in self.files), None)


def run_source(digest: str, file: str, files: Mapping[str, bytes]) -> ModuleType:
    """Run the first of some files as a module, once in a process.

    Args:
        digest: of the files.
        file: where the first one comes from, for people.
        files: the source by relative path.

    Raises:
        NetworkError: it has a syntax error, with line and column, or raises an error, with the user's own line.
    """
    return _run(digest, file, tuple(files.items()))


@functools.lru_cache(maxsize=32)
def _run(digest: str, file: str, files: tuple[tuple[str, bytes], ...]) -> ModuleType:
    main = files[0][0]
    finder = SourceFinder(dict(files), file.removesuffix(main))
    module = ModuleType(f"packtune_network_{digest[:12]}")
    module.__file__ = finder.name_of(main)
    try:
        code = finder.compile(main)
        sys.modules[module.__name__] = module  # dataclasses and pickle look a class's module up
        with own_imports(digest, finder):
            exec(code, module.__dict__)
    except SyntaxError as error:
        raise NetworkError(
            f"{error.filename or file} has a syntax error in line {error.lineno}, column {error.offset}: {error.msg}"
        ) from error
    except Exception as error:
        raise NetworkError(f"{file} cannot be run: {describe_error(error, files)}{_remedy(error, main)}") from error
    _FINDERS[module.__name__] = digest, finder
    return module


@contextmanager
def own_imports(digest: str, finder: SourceFinder) -> Iterator[None]:
    """Let imports find the user's modules first, for a while."""
    with _ONE_AT_A_TIME:
        own = _IMPORTED.setdefault(digest, {})
        names = {path.split("/")[0].removesuffix(".py") for path in finder.files}
        hidden = {name: module for name, module in sys.modules.items() if name.split(".")[0] in names}
        for name in hidden:
            del sys.modules[name]
        sys.modules.update(own)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            for name in [name for name in sys.modules if name.split(".")[0] in names]:
                own[name] = sys.modules.pop(name)
            sys.modules.update(hidden)


@contextmanager
def calling(function: object) -> Iterator[None]:
    """Let imports inside a user's function find the user's modules."""
    known = _FINDERS.get(getattr(function, "__module__", None) or "")
    if known is None:
        yield
        return
    with own_imports(*known):
        yield


def _remedy(error: BaseException, main: str) -> str:
    if not isinstance(error, ModuleNotFoundError):
        return ""
    return f". Install that module for {sys.executable}, or put its source beside {main}"


def describe_error(error: BaseException, files: Sequence[tuple[str, bytes]] = ()) -> str:
    """Say what was raised, and in which of the user's lines."""
    said = f"{type(error).__name__}: {error}".strip(": ")
    paths = tuple(path for path, _ in files)
    own = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.endswith(paths or (".py",))]
    if not own:
        return said
    last = own[-1]
    line = f", `{last.line}`" if last.line else ""
    return f"{said} (in {last.filename.rpartition('/')[2]}, line {last.lineno}, {last.name}{line})"
