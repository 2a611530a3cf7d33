"""Lets a script import packtune from a checkout that need not be installed, as on a machine with a GPU alone."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # removed when the process ends


def make_importable() -> None:
    """Put a folder of links on Python's path that looks like the installed package, unless packtune is installed."""
    if importlib.util.find_spec("packtune") is not None:
        return
    _FOLDERS.append(tempfile.TemporaryDirectory(prefix="packtune-checkout-"))
    package = Path(_FOLDERS[-1].name, "packtune")
    package.mkdir()
    for entry in (*(ROOT / "search").iterdir(), ROOT / "models", ROOT / "data"):
        if entry.name != "__pycache__":
            (package / entry.name).symlink_to(entry)
    sys.path.insert(0, str(package.parent))
