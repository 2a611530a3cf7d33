"""Text on stderr, printed as it is. Imports nothing heavy, so that an error appears at once."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console


def error_console() -> Console:
    """Give the console of stderr."""
    return Console(stderr=True)


def program() -> str:
    """Give the words that start this program, so that what is printed can be typed again."""
    name = sys.argv[0]
    on_path = shutil.which("packtune")
    is_found = on_path is not None and Path(on_path) == Path(name)
    return "packtune" if Path(name).name != "packtune" or is_found else shlex.quote(name)


def print_text(console: Console, text: str, style: str | None = None) -> None:
    """Print a text in which words in brackets or between colons mean nothing to rich."""
    console.print(text, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)
