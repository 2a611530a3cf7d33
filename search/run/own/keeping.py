"""Data of the user's own in the folder of a run, and the data set of any run loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packtune.data.catalog import load
from packtune.errors import CorruptFile, DataError, MissingFiles, RunError
from packtune.files import write_text
from packtune.report.live.progress import SilentView, download_progress
from packtune.run.own.finding import read_source

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset
    from packtune.data.own.assembling import PreparedData
    from packtune.report.live.progress import ProgressView
    from packtune.run.folder import Run, RunFolder


def keep_data(folder: RunFolder, prepared: PreparedData) -> None:
    """Keep prepared data in the folder of a run.

    Raises:
        RunError: they cannot be written.
    """
    from packtune.data.own.facts import FACTS, ROWS, write_facts
    from packtune.data.own.keeping import facts_of, write_arrays

    write_text(folder.path / ROWS, prepared.rows)
    try:
        write_arrays(prepared.dataset, folder.path)
    except OSError as error:
        raise RunError(
            f"cannot keep the examples in {folder.path}: {error.strerror or error}: free some space, or choose another "
            "folder with --results"
        ) from error
    write_text(folder.path / FACTS, write_facts(facts_of(prepared.own, prepared.dataset)))


def load_data(run: Run, view: ProgressView | None = None) -> Dataset:
    """Load the data set of a run. Data of the user's own come from its folder, or from where they were read.

    Raises:
        DataError: they cannot be loaded, or are not those that the run began with.
        RunError: what was read anew cannot be kept.
    """
    plan, view = run.settings.plan, view or SilentView()
    if plan.own is None:
        return load(plan.data, run.settings.resources.data_dir, download_progress(view))
    from packtune.data.own.assembling import fingerprint_of
    from packtune.data.own.keeping import read_kept

    known = plan.own.description.fingerprint
    try:
        dataset = read_kept(run.folder.path)
        if fingerprint_of(dataset.splits, dataset.heads) == known:
            return dataset
        why = "the copy of the examples was changed"
    except (MissingFiles, CorruptFile) as error:
        why = str(error)
    view.say(f"Reading the examples again, as {why}.")
    prepared = read_source(plan.data, plan.own.options, view)
    if prepared.dataset.fingerprint != known:
        raise DataError(
            f"{plan.data} has other examples than when the run {run.folder.name!r} began, and {why}: restore them from "
            f"a copy and go on with `{run.command('resume')}`, or start a new run"
        )
    keep_data(run.folder, prepared)
    return prepared.dataset
