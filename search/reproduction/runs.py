"""The runs that train the notebook's systems: those that exist are continued, the others are new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from packtune.errors import RunError
from packtune.protocol import NOTEBOOK_SEED, Protocol
from packtune.reproduction.notebook import NAMES, NUMPY, SYSTEMS, System, spaces_of
from packtune.run.folder import Run, RunFolder
from packtune.run.given.parsing import parse_precision
from packtune.run.planning import create_run
from packtune.run.settings_file import AUTO
from packtune.settings import Resources, SearchPlan
from packtune.space.source import SpaceSource
from packtune.space.space import Space


def reproduction_runs(
    names: Iterable[str], results: Path, resources: Resources, precision: str | None = None
) -> list[Run]:
    """Give the runs of the named systems.

    Args:
        names: of systems; the NumPy network, which is no search, has no run.
        resources: where to train.
        precision: of all systems; none for that of each system.

    Raises:
        RunError: a run exists that was trained in another precision than is asked for.
    """
    return [
        _find_or_create(system, space, replicates, results, resources, precision)
        for name in names
        if name != NUMPY
        for system in [SYSTEMS[name]]
        for space, replicates in spaces_of(system)
    ]


def systems_begun(results: Path, at_hand: Sequence[Run]) -> dict[str, list[Run]]:
    """List the systems that have runs, with those runs, in the notebook's order; the NumPy network needs none.

    Args:
        at_hand: those of the runs that need not be loaded.

    Raises:
        PacktuneError: a run cannot be loaded.
    """
    known = {run.folder.name: run for run in at_hand}
    begun = {
        name: [known.get(f.name) or f.load() for f in _folders(system, results) if f.settings.exists()]
        for name, system in SYSTEMS.items()
    }
    return {name: begun.get(name, []) for name in NAMES if name == NUMPY or begun[name]}


def _folders(system: System, results: Path) -> Iterator[RunFolder]:
    for space, _ in spaces_of(system):
        yield RunFolder(results, _run_name(space))


def _run_name(space: Space) -> str:
    return f"reproduce-{space.name.removeprefix('notebook-')}"


def _find_or_create(
    system: System, space: Space, replicates: int, results: Path, resources: Resources, precision: str | None
) -> Run:
    folder = RunFolder(results, _run_name(space))
    if folder.settings.exists():
        return _continue(folder.load(), resources, precision)
    plan = SearchPlan(
        data=system.data,
        space=space.name,
        sampler="grid",
        trials=len(space.listed) * replicates,
        replicates=replicates,
        epochs=system.epochs,
        precision=system.precision if precision is None else parse_precision(precision),
        seed=NOTEBOOK_SEED,
        protocol=Protocol.NOTEBOOK,
        halving=False,
    )
    source = SpaceSource(name=space.name, space=space)
    return create_run(plan, resources, source, results=results, name=folder.name)


def _continue(run: Run, resources: Resources, precision: str | None) -> Run:
    trained_in = run.settings.plan.precision or AUTO
    if precision not in (None, AUTO, trained_in):
        raise RunError(
            f"the run {run.folder.name!r} exists and was begun in {trained_in}: leave --precision out to continue it, "
            f"or give another --results for one in {precision}"
        )
    known = run.settings.resources
    moved = replace(resources, device=known.device, storage=known.storage)
    return replace(run, settings=replace(run.settings, resources=moved))
