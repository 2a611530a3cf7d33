"""The settings of a run, by stage: what decides its result, where it runs, and both once the hardware is known.

    SearchPlan      decides the result            -> SettledPlan   nothing of it is open any more
    Resources       say where and how fast        -> Placement     fitted to the machine or the cluster
    Settings        the name of a run, with both

All are checked when made. `packtune.run.settings_file` keeps them as TOML.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from packtune.data.catalog import DATASETS
from packtune.data.description import Description, OwnData
from packtune.errors import SettingsError, UnknownDataset, suggest_name
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.own.hyperparameters import NetworkSpace
from packtune.models.training.metrics.catalog import Metric
from packtune.protocol import Protocol

DEFAULT_SPACE = "wide"
DEFAULT_TRIALS = 32
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Preference(StrEnum):
    """Which of the finalists that cannot be told apart wins: the best, or the one with the fewest parameters."""

    BEST = "best"
    SMALL = "small"

    @classmethod
    def known(cls, name: str) -> str:
        """Give the name of today for one of before there were metrics."""
        return cls.BEST.value if name == "accuracy" else name


class EndedBy(StrEnum):
    """Why exploration ended before all its trials."""

    PATIENCE = "patience"
    SCORE = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What decides the result of a search, together with the threads of a worker and the kind of processor.

    Attributes:
        data: a key of `DATASETS`; or, with `own`, the path of data of the user's own.
        own: what was found there; none for a built-in data set.
        network: a network of the user's own; none for built-in ones.
        space: a built-in name, or the path of a TOML file.
        changes: of that space, as `packtune.space.change_words` reads them.
        narrowed: further changes, for trials that a run was extended by.
        sampler: a key of `SAMPLERS`.
        trials: how many, 1 or more; fewer than asked for if a stop ended the search.
        stop_at: the score on validation that ends the search once a winner has it; none for no such stop.
        patience: trials without a better one that end the search, 1 or more; none for no such stop.
        stops_from: trials told before patience counts: those from before the run was extended.
        ended_by: what ended the search; none while it goes on, and where all trials were tried.
        asked_trials: how many trials were asked for, where a stop ended the search.
        replicates: trials of each configuration of a listed space, each from a fresh seed.
        epochs: of full training, 1 or more.
        seed: of every random draw, 0 to 2**63 - 1; to 2**32 - 1 in the notebook's protocol.
        pack_size: the largest number of members; none to let a rule of each shape decide.
        halving: whether the worse members of a pack stop early.
        confirm: whether the best configurations are trained again from fresh seeds, to select one and to report on it.
        finalists: how many configurations are compared again; none for a rule of what exploration cost.
        report_trainings: of the winner, which give its accuracy; none for the same rule.
        prefer: which of the finalists that cannot be told apart wins.
        metric: by which everything is compared.
        precision: of large products; none for the fastest on the hardware at hand.
        lookahead: packs asked for but not yet told, at most, which also bounds the workers that can be busy; none to
            derive it from the workers at hand.

    Raises:
        SettingsError: a value is not allowed.
        UnknownDataset: no data set has that name.
    """

    data: str = "digits"
    own: OwnData | None = None
    network: NetworkSpace | None = None
    space: str = DEFAULT_SPACE
    changes: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    sampler: str = "tpe"
    trials: int = DEFAULT_TRIALS
    stop_at: float | None = None
    patience: int | None = None
    stops_from: int = 0
    ended_by: EndedBy | None = None
    asked_trials: int | None = None
    replicates: int = 1
    epochs: int = 10
    seed: int = 0
    protocol: Protocol = Protocol.SEARCH
    pack_size: int | None = None
    halving: bool = True
    confirm: bool = False
    finalists: int | None = None
    report_trainings: int | None = None
    prefer: Preference = Preference.BEST
    metric: Metric = Metric.ACCURACY
    precision: Precision | None = Precision.FLOAT32
    lookahead: int | None = None

    def __post_init__(self) -> None:
        if self.own is None and self.data not in DATASETS:
            raise UnknownDataset(f"unknown data set {self.data!r}.{suggest_name(self.data, DATASETS)}")
        _check_number("trials", self.trials, 1)
        _check_number("stop_at", self.stop_at, 0, self.metric.entry.highest)
        _check_number("patience", self.patience, 1)
        _check_number("replicates", self.replicates, 1)
        _check_number("epochs", self.epochs, 1)
        _check_number("pack_size", self.pack_size, 1)
        _check_number("lookahead", self.lookahead, 1)
        _check_number("finalists", self.finalists, 1)
        _check_number("report_trainings", self.report_trainings, 1)
        # NumPy's legacy generator, which draws the notebook's order, takes no larger seed.
        _check_number("seed", self.seed, 0, 2**32 - 1 if self.protocol is Protocol.NOTEBOOK else 2**63 - 1)

    @property
    def description(self) -> Description:
        """What is known about the data set without its examples."""
        return DATASETS[self.data].description if self.own is None else self.own.description

    @property
    def may_end_early(self) -> bool:
        """Tell whether a stop may end the search before all trials."""
        return self.stop_at is not None or self.patience is not None

    def is_reached_by(self, score: float) -> bool:
        """Tell whether a score is at least as good as the one that was asked for, if one was."""
        return self.stop_at is None or self.metric.merit(score) >= self.metric.merit(self.stop_at)

    def settle(self, *, precision: Precision, lookahead: int) -> SettledPlan:
        """Fill in what was left open; what was given stays."""
        given = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        open_ones = {"precision": self.precision or precision, "lookahead": self.lookahead or lookahead}
        return SettledPlan(**given | open_ones)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPlan(SearchPlan):
    """A plan of which nothing is open any more."""

    precision: Precision
    lookahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Where a search runs, and how fast.

    Attributes:
        data_dir: the folder with the files of the data set; none to download them.
        workers: packs trained at once, 1 or more; none for as many as there is room for.
        cpus_per_worker: above 0; fractions are allowed.
        gpus_per_worker: 0 or more; none for one on CUDA, else zero.
        device: where packs are trained; none for CUDA if a node has a GPU, else the CPU.
        address: of a Ray cluster, HOST:PORT or "auto"; none or "local" for this machine alone.
        storage: URL of the database of the study; none for a journal file in the folder of the run.
        time_budget_s: seconds after which nothing more is trained.
        max_failures: how often a pack whose worker died is trained again before it is split.
        checkpoint_interval_s: seconds between checkpoints of a pack that takes longer.

    Raises:
        SettingsError: a value is not allowed.
    """

    data_dir: Path | None = None
    workers: int | None = None
    cpus_per_worker: float = 1.0
    gpus_per_worker: float | None = None
    device: Device | None = None
    address: str | None = None
    storage: str | None = None
    time_budget_s: float | None = None
    max_failures: int = 3
    checkpoint_interval_s: float = 30.0

    def __post_init__(self) -> None:
        _check_number("workers", self.workers, 1)
        _check_number("gpus_per_worker", self.gpus_per_worker, 0)
        _check_number("cpus_per_worker", self.cpus_per_worker, 0)
        _check_number("time_budget", self.time_budget_s, 0)
        _check_number("max_failures", self.max_failures, 0)
        _check_number("checkpoint_interval", self.checkpoint_interval_s, 0)
        if self.cpus_per_worker == 0:
            raise SettingsError("cpus_per_worker = 0 is not allowed: give a share of a CPU above 0, such as 1")

    @property
    def threads(self) -> int:
        """PyTorch threads of a worker: one for each whole CPU. The way that sums are rounded depends on them."""
        return max(1, int(self.cpus_per_worker))

    @property
    def is_local(self) -> bool:
        """Tell whether the search runs on this machine alone."""
        return self.address in (None, LOCAL)


LOCAL = "local"
"""The address that means this machine, even where RAY_ADDRESS names a cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Resources, fitted to the machine or the cluster.

    Attributes:
        workers: packs to be trained at once, at most, some of which may wait for a node to join; none for as many as
            the search may have under way.
        at_hand: workers that could be busy now.
        threads: PyTorch threads of a worker.
    """

    device: Device
    workers: int | None
    at_hand: int
    cpus_per_worker: float
    gpus_per_worker: float
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one run.

    Attributes:
        name: of the run and of its study.
        version: of packtune that began the run; empty for runs from before it was kept.
        run_id: random; the study has it too, as another run in the same database may have the same name. Empty before
            the run is made.

    Raises:
        SettingsError: the name is not allowed.
    """

    name: str
    run_id: str = ""
    version: str = ""
    plan: SearchPlan = field(default_factory=SearchPlan)
    resources: Resources = field(default_factory=Resources)

    def __post_init__(self) -> None:
        if not RUN_NAME.fullmatch(self.name):
            raise SettingsError(
                f"the name {self.name!r} is not allowed: use letters, digits, '.', '_' and '-', starting with a "
                "letter or digit, at most 100"
            )

    def with_plan(self, plan: SearchPlan) -> Settings:
        """Replace what decides the result."""
        return dataclasses.replace(self, plan=plan)

    def with_resources(self, resources: Resources) -> Settings:
        """Replace what says where the run goes on.

        Raises:
            SettingsError: workers would have another number of threads than the run began with.
        """
        if resources.threads != self.resources.threads:
            before, after = self.resources.threads, resources.threads
            raise SettingsError(
                f"cpus_per_worker = {resources.cpus_per_worker:g} is not allowed: the packs of this run are trained "
                f"with {before} thread{'s' * (before > 1)} each, and {after} would round their sums in another way. "
                f"Give {self.resources.cpus_per_worker:g}, or start a new run"
            )
        return dataclasses.replace(self, resources=resources)


def _check_number(name: str, value: float | None, low: float, high: float = math.inf) -> None:
    if value is not None and (not low <= value <= high or value == math.inf):
        most = f" to {high}" if high < math.inf else " or more"
        raise SettingsError(f"{name} = {value} is not allowed: give {low:g}{most}")
