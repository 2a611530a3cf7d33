"""All runs in a folder of results, whatever else lies there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from packtune.errors import PacktuneError
from packtune.report.looking.records import PassedOver, RunList, RunSummary
from packtune.run.folder import RunFolder
from packtune.run.overview.nearby import SETTINGS, is_file, sub_folders
from packtune.run.overview.summary import summarize


def list_runs(results: Path, now: datetime) -> RunList:
    """Sum up all runs in RESULTS/runs; what is none, or cannot be read, is named and passed over.

    Args:
        now: from which ages count, with a time zone.
    """
    found = [_summary_of(results, path, now) for path in sub_folders(results)]
    runs = sorted((each for each in found if isinstance(each, RunSummary)), key=lambda run: (run.age_s, run.name))
    passed_over = tuple(each for each in found if isinstance(each, PassedOver))
    return RunList(results=results, runs=tuple(runs), passed_over=passed_over)


def _summary_of(results: Path, path: Path, now: datetime) -> RunSummary | PassedOver:
    if not is_file(path / SETTINGS):
        return PassedOver(folder=path, reason=f"it has no {SETTINGS}: it is no run, or one that never began")
    try:
        return summarize(RunFolder(results, path.name), now)
    except PacktuneError as error:
        return PassedOver(folder=path, reason=str(error))
    except OSError as error:
        return PassedOver(folder=path, reason=f"{error.strerror}: check its permissions")
