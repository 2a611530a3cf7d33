"""Which runs lie in a folder of results. Knows their paths alone."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from packtune.data.files import readable
from packtune.data.own.facts import ARRAYS
from packtune.report.console import shell_word

SETTINGS = "settings.toml"
"""The file that makes a folder that of a run."""
HIDDEN = "."
"""The name of a folder that is none of a run begins so, such as that of one which is being removed."""
MOST_NAMED = 20


def run_paths(results: Path) -> list[Path]:
    """List the folders of the runs in a folder of results, by name; none if it cannot be read."""
    return [path for path in sub_folders(results) if is_file(path / SETTINGS)]


def sub_folders(results: Path) -> list[Path]:
    """List the folders in RESULTS/runs by name, also those that are none of a run; none if it cannot be read."""
    try:
        entries = sorted(entry.name for entry in os.scandir(results / "runs") if entry.is_dir())
    except OSError:
        return []
    return [results / "runs" / name for name in entries if not name.startswith(HIDDEN)]


def is_one_name(run: str) -> bool:
    """Tell whether a text is the name of a folder, and no path that leads elsewhere."""
    return run == Path(run).name and run not in ("", "..")


def is_file(path: Path) -> bool:
    """Tell whether there is a file; not if its folder may not be read, or its name is too long for one."""
    return os.path.isfile(path)


def instead(results: Path, run: str) -> str:
    """Say what may have been meant by a run that is not there."""
    path = Path(run)
    if is_file(path):
        return f" {readable(run)} is a file: give the folder of a run, and extract it first if it is in an archive."
    below = _runs_below(path) if run and os.path.isdir(path) else []
    if below:
        return f" That folder is none, but has in it: {', '.join(shell_word(str(p)) for p in below[:MOST_NAMED])}."
    if is_one_name(run) and os.path.isdir(results / "runs" / run / ARRAYS):
        return " A process was killed while it made that run, which never began: start it again with `packtune run`."
    names = [readable(path.name) for path in run_paths(results)]
    if not names:
        return " There are no runs yet: start one with `packtune run`, or name their folder with --results."
    near = difflib.get_close_matches(readable(run), names, n=1)
    return (f" Did you mean {near[0]!r}?" if near else "") + f" There are: {', '.join(names[:MOST_NAMED])}."


def _runs_below(folder: Path) -> list[Path]:
    patterns = (f"*/{SETTINGS}", f"runs/*/{SETTINGS}", f"*/runs/*/{SETTINGS}")
    return sorted(found.parent for pattern in patterns for found in folder.glob(pattern))
