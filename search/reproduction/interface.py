"""The Python interface of a reproduction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from packtune.interface.result import ProgressLike
from packtune.report.live.views import make_view
from packtune.reproduction.runs import reproduction_runs
from packtune.reproduction.selection import select
from packtune.reproduction.writing import Reproduction, write_reproduction
from packtune.run.planning import ResourceOptions, choose_resources
from packtune.run.session import carried_out


def reproduce(
    only: Sequence[str] = (),
    *,
    precision: str | None = None,
    results: str | Path = "results",
    progress: ProgressLike = None,
    **options: Unpack[ResourceOptions],
) -> Reproduction:
    """Train the reference notebook's systems, and compare with its published numbers. The same as `packtune reproduce`.

    Args:
        only: names of systems, or of rows such as "hidden-10/baseline", whose system is trained whole; all if empty.
        precision: of large products; none for "auto" with the cnns and "float32" else.
        results: folder of all results.
        progress: see `search`.
        **options: where to train.

    Raises:
        PacktuneError: a reason that you can mend; see its subclasses.
    """
    asked = select(only)
    runs = reproduction_runs(asked.systems, Path(results), choose_resources(options), precision)
    with carried_out(runs, make_view(progress)):
        return write_reproduction(asked, runs, Path(results))
