"""Prints text on stderr. Imports nothing heavy, so that an error appears at once."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console


def error_console() -> Console:
    """Make a console that writes to stderr."""
    return Console(stderr=True)


def program() -> str:
    """Give the word that starts this program, for commands that a person can paste."""
    name = sys.argv[0]
    on_path = shutil.which("packtune")
    is_found = on_path is not None and Path(on_path) == Path(name)
    return "packtune" if Path(name).name != "packtune" or is_found else shlex.quote(name)


def print_text(console: Console, text: str, style: str | None = None) -> None:
    """Print a text as it is: words in brackets or between colons are no markup."""
    console.print(text, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)
