"""Exports the winner of a run: makes the model, writes and checks the file, and writes the model card beside it."""

from __future__ import annotations

from pathlib import Path

from packtune.files import write_bytes, write_text
from packtune.interface.export import check_export, trained_model
from packtune.interface.exports.card import describe
from packtune.interface.exports.choice import Choice
from packtune.interface.exports.exported import Exported
from packtune.interface.exports.measuring import Reached, measure, recorded
from packtune.interface.exports.training import make_model
from packtune.models.model_file import model_from_bytes
from packtune.report.live.progress import ProgressView
from packtune.report.winner import Winner
from packtune.run.folder import Run
from packtune.run.own.keeping import load_data


def export_winner(run: Run, winner: Winner, path: Path, choice: Choice, view: ProgressView) -> Exported:
    """Export the winner of a run. Nothing is written unless the file says what the network says.

    Args:
        path: whose ending says the format.
        choice: which network.
        view: told how far it is.

    Raises:
        SettingsError: the path cannot be used, or the training diverged.
        ExportError: a package is missing, or the network cannot be written in this format.
        DataError: the examples are needed, and cannot be loaded.
        RunError: the file cannot be written.
    """
    found, plan = check_export(path), run.settings.plan
    data = load_data(run, view) if choice.trains or found.check is not None else None
    if choice.trains and data is not None:
        model = make_model(run, winner, data, choice, view)
        reached: Reached | None = measure(model, data.test, plan.metric)
    else:
        content = trained_model(run, winner, say=view.say, stage=view.stage)
        model, reached = model_from_bytes(content, source="the model"), recorded(winner, plan.protocol)
    view.stage(f"Writing {path.name}")
    written, agreement = found.write(model), None
    if found.check is not None and data is not None:
        agreement = found.check(written, model, data.test.inputs)
    write_bytes(path, written)
    exported = Exported(
        run=run, winner=winner, path=path, choice=choice, model=model, reached=reached, agreement=agreement
    )
    if exported.card is not None:
        write_text(exported.card, describe(exported))
    return exported
