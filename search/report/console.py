"""Prints text on stderr, and results on stdout. Imports nothing heavy, so that an error appears at once."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console

from packtune.errors import PacktuneError


class _Console(Console):
    """A console whose reader may go away: rich would end the program then."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def error_console() -> Console:
    """Make a console that writes to stderr."""
    return _Console(stderr=True)


def result_console() -> Console:
    """Make a console that writes to stdout, for results that are drawn."""
    return _Console()


def program() -> str:
    """Give the word that starts this program, for commands that a person can paste."""
    name = sys.argv[0]
    on_path = shutil.which("packtune")
    is_found = on_path is not None and Path(on_path) == Path(name)
    return "packtune" if Path(name).name != "packtune" or is_found else shlex.quote(name)


def shell_word(text: str) -> str:
    """Write a text as one word of a command to paste; one that is not UTF-8 with the escapes of bash and zsh."""
    if os.fsencode(text).decode(errors="ignore") == text:
        return shlex.quote(text)
    letters = (chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return f"$'{''.join(letters)}'"


def print_text(console: Console, text: str, style: str | None = None) -> None:
    """Print a text as it is: words in brackets or between colons are no markup.

    Raises:
        OSError: the stream cannot be written.
    """
    console.print(text, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True)


def print_result(text: str, *, end: str = "\n") -> None:
    """Print a result to stdout.

    Raises:
        PacktuneError: stdout cannot be written, because a pipe was closed or a disk is full.
    """
    with writing_results():
        print(text, end=end, flush=True)


@contextlib.contextmanager
def writing_results() -> Iterator[None]:
    """Write results to stdout in a block.

    Raises:
        PacktuneError: stdout cannot be written, because a pipe was closed or a disk is full.
    """
    try:
        yield
    except OSError as error:
        silence(sys.stdout)
        raise PacktuneError(f"cannot write the result to stdout: {error.strerror}") from error


def width_of_stdout() -> int | None:
    """Give the characters in a line of stdout; none where it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def try_to_print(text: str, style: str | None = None) -> None:
    """Print a text to stderr. What cannot be written there is dropped: it is only talk."""
    try:
        print_text(error_console(), text, style)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Let a stream that cannot be written go nowhere: Python would try again at its end, and exit with 120."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def allow_every_letter() -> None:
    """Write letters that a terminal's encoding lacks as backslash escapes, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
