"""What is done once searches have ended and their tables are written: comparisons with simple methods, and reports."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from packtune.report.live.progress import ProgressView
from packtune.run.ending import Ending, with_baselines
from packtune.run.folder import Run
from packtune.run.own.baselines import keep_baselines

if TYPE_CHECKING:
    from packtune.data.dataset import Dataset

PATIENCE_S = 3.0
"""So long a report may take where the main thread is stuck. Its files are written one by one, each at once."""


def compare_and_report(
    runs: Sequence[Run], endings: Sequence[Ending], datasets: Sequence[Dataset], view: ProgressView
) -> list[Ending]:
    """Measure what simple methods reach on data of the user's own, and write the report of each run.

    Args:
        datasets: those of the runs, each once.

    Returns:
        The endings, with what simple methods reach.
    """
    of_runs = [_dataset_of(run, datasets) for run in runs]
    compared = [_compare(*each, view) for each in zip(runs, endings, of_runs, strict=True)]
    for run, ending, dataset in zip(runs, compared, of_runs, strict=True):
        _report(run, ending, dataset, view)
    return compared


def report_briefly(runs: Sequence[Run], endings: Sequence[Ending], view: ProgressView) -> None:
    """Write the report of each run, without what takes longer."""
    for run, ending in zip(runs, endings, strict=True):
        _report(run, ending, None, view)


def report_in_time(runs: Sequence[Run], endings: Sequence[Ending], view: ProgressView) -> None:
    """Write reports as `report_briefly` does, and wait for them only so long: the program is about to end."""
    thread = threading.Thread(target=report_briefly, args=(runs, endings, view), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)


def _dataset_of(run: Run, datasets: Sequence[Dataset]) -> Dataset:
    return next(each for each in datasets if each.name == run.settings.plan.description.name)


def _compare(run: Run, ending: Ending, dataset: Dataset, view: ProgressView) -> Ending:
    if run.settings.plan.own is None or not ending.rows:
        return ending
    view.stage("Measuring what simple methods reach")
    keep_baselines(run.folder.path, dataset, view.say, run.settings.plan.metric)
    return with_baselines(run, ending)


def _report(run: Run, ending: Ending, dataset: Dataset | None, view: ProgressView) -> None:
    from packtune.run.reporting.writing import try_to_report  # Jinja, and much else that only a report needs

    settled = replace(run, new=False, settings=run.settings.with_plan(ending.plan))
    try_to_report(settled, ending, partial(_same, dataset) if dataset is not None else None, view.say)


def _same(dataset: Dataset) -> Dataset:
    return dataset
