"""Text on stderr, printed as it is. Imports nothing heavy, so that an error appears at once."""

from __future__ import annotations

from rich.console import Console


def error_console() -> Console:
    """Give the console of stderr."""
    return Console(stderr=True)


def print_text(console: Console, text: str, style: str | None = None) -> None:
    """Print a text in which words in brackets or between colons mean nothing to rich."""
    console.print(text, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)
