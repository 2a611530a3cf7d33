"""Whether a new run repeats an earlier one: the same settings and seed find the same leaderboard again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packtune.errors import PacktuneError
from packtune.run.folder import Run, RunFolder
from packtune.run.given.keeping import GIVEN
from packtune.run.overview.nearby import run_paths
from packtune.run.settings_file import read_settings
from packtune.settings import SearchPlan, Settings

SETTLED_LATER = ("precision", "lookahead")
"""What a plan may leave open until the hardware is known."""


def describe_repetition(run: Run) -> str:
    """Say that a new run repeats an earlier one in the same results, and how to get other trials; empty if it does not.

    Runs whose settings cannot be read count for nothing.
    """
    earlier = next((folder for folder, settings in _others(run) if _decide_alike(run, folder, settings)), None)
    if earlier is None:
        return ""
    seed = run.settings.plan.seed
    return (
        f"This run repeats the run {earlier.name!r}: its settings and its seed {seed} are the same, so its trials will "
        f"be the same too. For other trials give another seed (--seed {seed + 1}), or go on with "
        f"`{earlier.command('resume')} --trials +32`."
    )


def _others(run: Run) -> Iterator[tuple[RunFolder, Settings]]:
    """List the other runs in the same results, by name."""
    for path in run_paths(run.folder.results):
        folder = RunFolder(run.folder.results, path.name)
        if folder.name == run.folder.name:
            continue
        try:
            yield folder, read_settings(folder.settings)
        except PacktuneError:
            continue


def _decide_alike(run: Run, folder: RunFolder, settings: Settings) -> bool:
    """Tell whether what decides the result of two runs is the same; the other may have more trials."""
    mine, other = run.settings.plan, as_asked(settings.plan)
    kept = [[_content(at.space), _content(at.path / GIVEN)] for at in (run.folder, folder)]
    if kept[0][0] is not None:
        other = replace(other, space=mine.space)  # the content counts, not where the file lay
    same_threads = run.settings.resources.threads == settings.resources.threads
    return kept[0] == kept[1] and same_threads and mine.trials <= other.trials and _agree(mine, other)


def as_asked(plan: SearchPlan) -> SearchPlan:
    """Give a plan as it was before a stop ended its run."""
    return replace(plan, trials=plan.asked_trials or plan.trials, ended_by=None, asked_trials=None)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _agree(mine: SearchPlan, other: SearchPlan) -> bool:
    """Tell whether two plans agree in all but the number of trials; what is left open agrees with anything."""
    pairs = [(f.name, getattr(mine, f.name), getattr(other, f.name)) for f in dataclasses.fields(SearchPlan)]
    return all(a == b or name == "trials" or (name in SETTLED_LATER and None in (a, b)) for name, a, b in pairs)
