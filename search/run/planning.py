"""How a new run is built: the options that a user gives, completed by defaults. The only place that does so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, TypeVar, get_type_hints

from packtune.errors import NameTaken, SettingsError, suggest_name
from packtune.models.hardware.precision import Precision
from packtune.models.training.metrics.catalog import Metric
from packtune.proposals.catalog import check_sampler, count_listed, default_sampler
from packtune.protocol import NOTEBOOK_SEED, Protocol
from packtune.run.folder import Run, RunFolder, free_name, name_stem
from packtune.run.given.counting import check_replicates, confirms, count_trials
from packtune.run.given.parsing import parse_device, parse_metric, parse_precision, parse_preference, parse_protocol
from packtune.run.given.try_words import GivenTry
from packtune.run.settings_file import AUTO
from packtune.settings import Preference, Resources, SearchPlan, Settings
from packtune.space.change_words import GivenChanges
from packtune.space.source import SpaceSource
from packtune.study.storage_url import make_absolute
from packtune.tools.options import ToolOptions

T = TypeVar("T")


class PlanOptions(TypedDict, total=False):
    """What may be said of a new search; see `SearchPlan`.

    Attributes:
        set: hyperparameters of the space narrowed, fixed or added: by name a value, a list of choices, a table with
            "low", "high" and "log", or the text after the "=" of `--set`; or whole texts, "batch_size=32,64".
        tries: configurations that are trained first: each a text, "learning_rate=0.01,hidden_units=64", a table, a
            `Configuration`, or a TOML, JSON or CSV file, such as a leaderboard. What is left out has its default, or
            the value next to that in the space.
        from_runs: earlier runs, by name or folder: their finalists are tried first, after `tries`; where the data,
            epochs, protocol and metric are the same, the samplers tpe and gp learn from their trials.
        sampler: none for `grid` where the space is a list, else `tpe`.
        trials: none for all configurations of a list, else 32.
        stop_at: a score on validation: the search ends once a winner has it over its fresh trainings.
        patience: the search ends when so many trials were told since the best one came.
        epochs: of full training; none for 10, or more of few examples of the user's own.
        seed: none for 0, or the notebook's 12321 in its protocol.
        protocol: "search" or "notebook"; none for that of the space.
        replicates: trainings of the winner that give its accuracy; of a list, trials of each configuration too. None
            for a rule of what exploration cost, and for one trial of each.
        pack_size: the largest number of members; none for a rule of each shape.
        confirm: whether the best configurations are trained again from fresh seeds; none for searches of 8 trials or
            more in the protocol "search".
        finalists: how many are; none for a rule of what exploration cost.
        prefer: "best" if left out, or "small": which of the finalists that cannot be told apart wins.
        metric: by which everything is compared: "accuracy" if left out, or another of `Metric`.
        halving: none for early stopping unless the space is a list.
        precision: "float32" if left out; "auto", "tf32" or "bfloat16".
        lookahead: none to derive it from the workers at hand.
    """

    set: GivenChanges | None
    tries: Sequence[GivenTry] | GivenTry | None
    from_runs: Sequence[str | Path] | str | Path | None
    sampler: str | None
    trials: int | None
    stop_at: float | None
    patience: int | None
    epochs: int | None
    seed: int | None
    protocol: str | None
    replicates: int | None
    confirm: bool | None
    finalists: int | None
    prefer: str
    metric: str
    pack_size: int | None
    halving: bool | None
    precision: str
    lookahead: int | None


class ResourceOptions(TypedDict, total=False):
    """What may be said of where a search runs; see `Resources`. None stands for the default.

    Attributes:
        device: "auto", "cpu" or "cuda".
    """

    data_dir: Path | str | None
    workers: int | None
    cpus_per_worker: float | None
    gpus_per_worker: float | None
    device: str
    address: str | None
    storage: str | None
    time_budget_s: float | None
    max_failures: int | None
    checkpoint_interval_s: float | None


class OwnDataOptions(TypedDict, total=False):
    """What may be said of data of the user's own; see `DataOptions`.

    Attributes:
        target: name of a column, or several.
        image_size: height and width, in pixels.
    """

    target: str | Sequence[str] | None
    group: str | None
    validation_share: float | None
    test_share: float | None
    image_size: tuple[int, int] | None


class NetworkOptions(TypedDict, total=False):
    """What may be said of a network of the user's own.

    Attributes:
        model: the path of a Python file with it, or a function that builds it.
        hyperparameters: of such a function, as the table of a space; a file has them itself.
    """

    model: object
    hyperparameters: Mapping[str, object] | None


class SearchOptions(PlanOptions, ResourceOptions, OwnDataOptions, NetworkOptions, ToolOptions, total=False):
    """All that may be said of a new search besides its data, space and name."""


def check_options(given: SearchOptions) -> None:
    """Refuse options that there are not.

    Raises:
        SettingsError: an option is unknown.
    """
    allowed = get_type_hints(SearchOptions)
    for name in given:
        if name not in allowed:
            raise SettingsError(f"unknown option {name!r}.{suggest_name(name, allowed)}")


def plan_search(data: str, source: SpaceSource, options: PlanOptions, *, tries: int = 0) -> SearchPlan:
    """Complete the options of a new search.

    Args:
        tries: how many configurations are tried first.

    Raises:
        SettingsError: an option is not allowed, or does not fit another.
        SpaceError: the sampler `grid` was asked for a space that cannot be tried in full.
    """
    space = source.space
    sampler = options.get("sampler") or default_sampler(space)
    check_sampler(sampler, space)
    asked, halving = options.get("replicates"), options.get("halving")
    n_listed = count_listed(sampler, space)
    replicates = 1 if asked is None or n_listed is None else asked
    check_replicates(1 if asked is None else asked, halving=bool(halving) and n_listed is not None)
    protocol = parse_protocol(options.get("protocol"), space.protocol)
    seed, trials = options.get("seed"), options.get("trials")
    n_trials = count_trials(trials, None if n_listed is None else n_listed * replicates, tries)
    if seed is None:
        seed = NOTEBOOK_SEED if protocol is Protocol.NOTEBOOK else 0
    return SearchPlan(
        data=data,
        network=space.network,
        space=source.name,
        changes=source.changes,
        sampler=sampler,
        trials=n_trials,
        stop_at=options.get("stop_at"),
        patience=options.get("patience"),
        confirm=confirms(options.get("confirm"), options.get("finalists"), n_trials, protocol),
        finalists=options.get("finalists"),
        report_trainings=asked,
        prefer=parse_preference(options.get("prefer", Preference.BEST)),
        metric=parse_metric(options.get("metric", Metric.ACCURACY)),
        replicates=replicates,
        epochs=_given(options.get("epochs"), 10),
        seed=seed,
        protocol=protocol,
        pack_size=options.get("pack_size"),
        halving=not space.is_enumerable if halving is None else halving,
        precision=parse_precision(options.get("precision", Precision.FLOAT32)),
        lookahead=options.get("lookahead"),
    )


def choose_resources(options: ResourceOptions) -> Resources:
    """Complete the resources of a new search.

    Raises:
        SettingsError: an option is not allowed.
    """
    default = Resources()
    return replace(
        change_resources(default, options),
        device=parse_device(options.get("device", AUTO)),
        storage=make_absolute(storage) if (storage := options.get("storage")) else None,
        checkpoint_interval_s=_given(options.get("checkpoint_interval_s"), default.checkpoint_interval_s),
    )


def change_resources(known: Resources, options: ResourceOptions) -> Resources:
    """Say where a search goes on. A cluster and a time budget are of one session: they are never taken over.

    Raises:
        SettingsError: an option is not allowed.
    """
    data_dir = options.get("data_dir")
    return replace(
        known,
        data_dir=known.data_dir if data_dir is None else Path(data_dir).absolute(),
        workers=_given(options.get("workers"), known.workers),
        cpus_per_worker=_given(options.get("cpus_per_worker"), known.cpus_per_worker),
        gpus_per_worker=_given(options.get("gpus_per_worker"), known.gpus_per_worker),
        address=options.get("address"),
        time_budget_s=options.get("time_budget_s"),
        max_failures=_given(options.get("max_failures"), known.max_failures),
    )


def create_run(
    plan: SearchPlan,
    resources: Resources,
    source: SpaceSource,
    *,
    results: Path,
    name: str | None = None,
    keep: Callable[[RunFolder], None] | None = None,
) -> Run:
    """Make the folder of a new run.

    Args:
        name: of the run; none for the first of DATA-SPACE-001, DATA-SPACE-002 ... that is free.
        keep: writes what else belongs to the run into its folder.

    Raises:
        NameTaken: a run of that name exists already.
        RunError: the folder cannot be made.
    """
    settings = Settings(name=name or "x", plan=plan, resources=resources)
    if name is not None:
        return _create(RunFolder(results, name), settings, source, keep)
    stem = name_stem(f"{plan.description.name}-{Path(source.name).stem}")
    while True:
        free = free_name(results, stem)
        with contextlib.suppress(NameTaken):  # another process was faster: the next name is free
            return _create(RunFolder(results, free), replace(settings, name=free), source, keep)


def _create(
    folder: RunFolder, settings: Settings, source: SpaceSource, keep: Callable[[RunFolder], None] | None
) -> Run:
    kept = folder.create(settings, source.content, keep)
    return Run(folder=folder, settings=kept, space=source.space, new=True)


def _given(value: T | None, default: T) -> T:
    return default if value is None else value
