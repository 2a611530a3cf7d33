"""Exports a winner for a person: shows how far it is, and says what was written."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from packtune.data.files import readable
from packtune.errors import SettingsError
from packtune.interface.export import check_export
from packtune.interface.exports.choice import Choice
from packtune.interface.exports.exported import Exported
from packtune.interface.exports.exporting import export_winner
from packtune.models.exports.catalog import FORMATS
from packtune.report.console import error_console, print_result, program, shell_word
from packtune.report.live.views import view_for
from packtune.report.winner import Winner
from packtune.run.folder import Run


def check_wanted(path: Path | None, *, retrain: bool, ensemble: bool) -> None:
    """Make sure that a file is named if another network is asked for, and that it can be written.

    Raises:
        SettingsError: it is not so.
        ExportError: a package that the format needs is missing.
    """
    if path is not None:
        check_export(path)
    elif retrain or ensemble:
        given = "--retrain" if retrain else "--ensemble"
        raise SettingsError(f"{given} says which network is exported: add --export FILE, or leave it out")


def export_and_say(run: Run, winner: Winner, path: Path, *, retrain: bool, ensemble: bool) -> None:
    """Export the winner, show how far it is, and say what was written."""
    with closing(view_for(error_console())) as view:
        exported = export_winner(run, winner, path, Choice(retrain=retrain, ensemble=ensemble), view)
    if retrain or ensemble:
        print_result(f"\nExported is {exported.what}.\n  {exported.score_in_words}")
    print_result(f"\n{_written(exported)}")


def _written(exported: Exported) -> str:
    word = shell_word(str(exported.path))
    card = "" if exported.card is None else f" Its model card is {readable(str(exported.card))}."
    if FORMATS[exported.ending].is_read:
        return f"Wrote {exported.path}: use it with `{program()} predict {word} PATH`.{card}"
    return f"Wrote {exported.path}: its model card says how to use it.{card}"
