"""The command line's frame: the program itself, and how errors and signals end it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

import typer

from packtune.errors import PacktuneError
from packtune.guard import Guard
from packtune.report.console import print_result, try_to_print
from packtune.signals import exit_code, signals_interrupt

app = typer.Typer(
    name="packtune",
    help="Search the hyperparameters of small neural networks, many at a time, and find a winner to trust.",
    epilog="Run `packtune COMMAND --help` for the options and examples of a command.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from packtune.machine import describe_machine

        print_result(f"packtune {version('packtune')} on {describe_machine()}")
        raise typer.Exit


@app.callback()
def packtune(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version, the machine and the libraries, as a report of a fault wants them.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Come before every command."""


@contextmanager
def errors_shown() -> Iterator[Guard]:
    """Show an error that the user can mend on stderr and exit with 2; after a signal, exit with 128 plus its number.

    Gives the guard that ends the command in time after a signal.
    """
    guard = Guard(partial(try_to_print, style="red"))
    try:
        with signals_interrupt(), guard.watching():
            yield guard
    except PacktuneError as error:
        try_to_print(f"Error: {error}", style="red")
        raise typer.Exit(2) from error
    except KeyboardInterrupt as stop:
        # A search that is stopped for the second time says by which signal.
        raise typer.Exit(exit_code(stop.args[0] if stop.args else signal.SIGINT)) from None
