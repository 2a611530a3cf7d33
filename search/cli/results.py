"""The commands that show what was found: `leaderboard` and `best`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packtune.cli.app import errors_shown
from packtune.cli.options import DataDir, Json, Model, Results, RunName, RunNames, Storage, storage_of
from packtune.cli.parsing import row_count
from packtune.errors import PacktuneError, SettingsError, suggest_name
from packtune.report.console import print_result, try_to_print, width_of_stdout

if TYPE_CHECKING:
    from packtune.report.leaderboard import Leaderboard
    from packtune.report.winner import Winner
    from packtune.run.folder import Run, RunFolder

LEADERBOARD_EXAMPLE = "Example: packtune leaderboard digits-wide-001 digits-grid-001 --format csv > both.csv"
BEST_EXAMPLE = """Examples:

  packtune best digits-wide-001 --export digits.pt           a file for `packtune predict`

  packtune best digits-wide-001 --export digits.onnx --ensemble
"""


def leaderboard(
    context: typer.Context,
    runs: RunNames,
    results: Results = Path("results"),
    format: Annotated[str, typer.Option(help="screen, csv or markdown.")] = "screen",
    limit: Annotated[int, typer.Option(parser=row_count, metavar="N", help="Rows to show on the screen.")] = 20,
    json: Json = False,
    storage: Storage = None,
) -> None:
    """Print the leaderboard of one run, or of several in one table."""
    with errors_shown():
        from packtune.interface.comparison import baselines_of, compare_runs
        from packtune.interface.looking.tables import leaderboard_facts
        from packtune.report.fitting import wrap
        from packtune.report.looking.plain import to_json
        from packtune.report.rendering import to_csv, to_markdown
        from packtune.report.screen import to_screen
        from packtune.run.find import find_run

        asked, fallback = storage_of(context)
        found = [find_run(name, results, storage=asked, fallback=fallback) for name in dict.fromkeys(runs)]
        writers: dict[str, Callable[[Leaderboard], str]] = {
            "screen": lambda frame: to_screen(frame, limit=limit, width=width_of_stdout()) + "\n",
            "csv": to_csv,
            "markdown": to_markdown,
        }
        if format not in writers:
            raise SettingsError(f"unknown format {format!r}.{suggest_name(format, writers)}")
        frame = compare_runs(found)
        if json:
            print_result(to_json(leaderboard_facts(found, frame)))
            return
        print_result(writers[format](frame), end="")
        if format != "csv" and (known := "\n".join(baselines_of(found))):
            print_result(wrap(known, width_of_stdout()) if format == "screen" else f"\n{known}")
        if frame.empty:
            try_to_print("No trial has finished yet.")
        for each in found if format == "screen" else ():
            try_to_print(f"More of {each.folder.name}: {each.folder.command('show')}")


def best(
    context: typer.Context,
    run: RunName,
    results: Results = Path("results"),
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the trained model to this file, with a model card: .pt, .safetensors, .onnx, .pt2.",
        ),
    ] = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Export it trained on training and validation examples.")
    ] = False,
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="Export several networks of it, whose probabilities are averaged.")
    ] = False,
    model: Model = None,
    data_dir: DataDir = None,
    json: Json = False,
    storage: Storage = None,
) -> None:
    """Print the winner and how to train it again; write its trained model with --export."""
    with errors_shown():
        from packtune.interface.commands import retrain_command
        from packtune.interface.exports.showing import check_wanted, export_and_say
        from packtune.report.fitting import wrap
        from packtune.report.words import describe_winner
        from packtune.run.ending import read_ending
        from packtune.run.find import find_run
        from packtune.run.network.finding import name_network

        asked, fallback = storage_of(context)
        found = find_run(run, results, storage=asked, fallback=fallback, data_dir=data_dir)
        folder, winner = found.folder, read_ending(found).winner
        check_wanted(export, retrain=retrain, ensemble=ensemble)
        if export is not None or model is not None:
            name_network(found, model)
        if winner is None:
            raise SettingsError(
                f"the run {folder.name!r} has no complete trial yet: continue it with `{found.command('resume')}`"
            )
        if json:
            _print_best(found, winner, exporting=export is not None)
            return
        print_result(wrap(describe_winner(winner), width_of_stdout()))
        print_result(f"\n{_kept_space(folder, winner).rstrip()}")
        if again := retrain_command(found):
            print_result(f"\nTrain it again, from fresh seeds:\n  {again}")
        if export is not None:
            export_and_say(found, winner, export, retrain=retrain, ensemble=ensemble)
        else:
            print_result(f"\nIts trained model: {found.command('best')} --export FILE")


def _kept_space(folder: RunFolder, winner: Winner) -> str:
    """Give the winner as a space: rounded, with the name of the file that has it in full; in full without a file."""
    from packtune.files import write_text
    from packtune.report.words import rounded_space_of, space_of

    configuration, file = space_of(winner.row), folder.winner_space
    try:
        if not file.is_file() or file.read_bytes() != configuration.encode():
            write_text(file, configuration)  # a search that was killed could not write it
    except (PacktuneError, OSError):  # the folder may be another user's, or in an archive
        return configuration
    return rounded_space_of(winner.row, file)


def _print_best(run: Run, winner: Winner, *, exporting: bool) -> None:
    from packtune.interface.looking.tables import best_facts
    from packtune.report.looking.plain import to_json

    if exporting:
        raise SettingsError("--json tells of the winner and --export writes its model: give one of them at a time")
    print_result(to_json(best_facts(run, winner)))
