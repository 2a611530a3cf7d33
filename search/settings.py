"""The settings of a run: checked when made, kept in the run's folder as settings.toml."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import tomli_w

from data.catalog import DATASETS
from data.errors import UnknownDataset
from models.precision import Precision
from search.errors import SettingsError, suggest_name
from search.files import write_text
from search.halving import rungs_of
from search.protocol import Protocol
from search.storage_url import hide_password
from search.toml_text import load_toml

DEVICES = ("auto", "cpu", "cuda")
AUTO = "auto"
PRECISIONS = (AUTO, *Precision)
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# Packs beyond those told before the next is asked. The result of a search depends on it, so it does not follow the
# number of workers as long as these are few, nor where a search is short and would learn from too little.
MIN_LOOKAHEAD = 4
TRIALS_OF_LOOKAHEAD = 4
# Settings of older runs that decide nothing any more.
RETIRED = ("measure_packs",)
# What a setting of each type is in TOML.
TOML_KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a text",
    Protocol: "a text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a search does, and where it runs.

    The leaderboard is a function of `data`, `space`, `sampler`, `trials`, `epochs`, `seed`, `protocol`, `pack_size`,
    `halving`, `lookahead`, `precision`, `threads` and the kind of device; the other settings change only where and how
    fast.

    Attributes:
        name: of the run and of its study.
        run_id: random, the study has it too: another run in the same database may have the same name. Empty before
            the run is made.
        data_dir: folder with the data set's files; none to download them.
        space: a built-in name, or a TOML file of the user's.
        replicates: trials of each configuration of an enumerated space, from fresh seeds.
        trials: how many; for the sampler `grid`, at most the size of the space.
        pack_size: largest number of members; none to let the shapes and the workers at hand decide.
        workers: Ray Tune trials at once; none for as many as the cluster has room for.
        precision: of large products, a `Precision`; "auto" until the hardware is known.
        storage: database URL; none for a journal file in the run's folder.
        time_budget_s: seconds after which no more is trained.
        lookahead: packs asked but not yet told, at most; which also bounds the workers that can be busy. "auto" until
            the workers at hand are known, see `lookahead_for`.
        max_failures: how often a pack whose worker died is trained again before it is split.
        checkpoint_interval_s: time between checkpoints of a pack that takes longer.

    Raises:
        SettingsError: a value is not allowed.
    """

    name: str
    run_id: str = ""
    data: str = "digits"
    data_dir: Path | None = None
    space: str = "wide"
    sampler: str = "tpe"
    trials: int = 32
    replicates: int = 1
    epochs: int = 10
    seed: int = 0
    protocol: Protocol = Protocol.SEARCH
    pack_size: int | None = None
    halving: bool = True
    workers: int | None = None
    cpus_per_worker: float = 1.0
    gpus_per_worker: float | None = None
    device: str = "auto"
    precision: str = Precision.FLOAT32.value
    address: str | None = None
    storage: str | None = None
    time_budget_s: float | None = None
    lookahead: int | str = MIN_LOOKAHEAD
    max_failures: int = 3
    checkpoint_interval_s: float = 30.0

    def __post_init__(self) -> None:
        if not RUN_NAME.fullmatch(self.name):
            raise SettingsError(
                f"the name {self.name!r} is not allowed: use letters, digits, '.', '_' and '-', starting with a "
                "letter or digit, at most 100"
            )
        if self.data not in DATASETS:
            raise UnknownDataset(f"unknown data set {self.data!r}.{suggest_name(self.data, DATASETS)}")
        if self.device not in DEVICES:
            raise SettingsError(f"unknown device {self.device!r}.{suggest_name(self.device, DEVICES)}")
        if self.precision not in PRECISIONS:
            raise SettingsError(f"unknown precision {self.precision!r}.{suggest_name(self.precision, PRECISIONS)}")
        for field in ("trials", "replicates", "epochs", "pack_size", "workers"):
            _check_number(field, getattr(self, field), 1)
        if isinstance(self.lookahead, int):
            _check_number("lookahead", self.lookahead, 1)
        elif self.lookahead != AUTO:
            raise SettingsError(f"lookahead = {self.lookahead!r} is not allowed: give {AUTO}, or a whole number from 1")
        # NumPy's legacy generator, which draws the notebook's order, takes no more.
        _check_number("seed", self.seed, 0, 2**32 - 1 if self.protocol is Protocol.NOTEBOOK else 2**63 - 1)
        _check_number("gpus_per_worker", self.gpus_per_worker, 0)
        _check_number("cpus_per_worker", self.cpus_per_worker, 0)
        _check_number("time_budget", self.time_budget_s, 0)
        _check_number("max_failures", self.max_failures, 0)
        _check_number("checkpoint_interval", self.checkpoint_interval_s, 0)
        if self.storage is not None:
            hide_password(self.storage)  # refuses what is no URL
        if self.cpus_per_worker == 0:
            raise SettingsError("cpus_per_worker = 0 is not allowed: give a share of a CPU above 0, such as 1")

    @property
    def threads(self) -> int:
        """Torch threads of a worker: one for each whole CPU it holds. Sums are rounded by how they are shared."""
        return max(1, int(self.cpus_per_worker))

    def on_workers(self, **changes: Any) -> Settings:
        """Replace what says where a run goes on.

        Raises:
            SettingsError: workers would have another number of threads than the run began with.
        """
        settings = dataclasses.replace(self, **changes)
        if settings.threads != self.threads:
            raise SettingsError(
                f"cpus_per_worker = {settings.cpus_per_worker:g} is not allowed: the run's packs are trained with "
                f"{self.threads} thread{'s' * (self.threads > 1)} each, and would be rounded otherwise with "
                f"{settings.threads}. Give {self.cpus_per_worker:g}, or start a new run"
            )
        return settings


def stops_early(settings: Settings) -> bool:
    """Tell whether members of a pack are compared, and the worse ones stopped, before the last epoch."""
    return settings.halving and bool(rungs_of(settings.epochs))


def lookahead_for(settings: Settings, at_hand: int, *, learns: bool) -> int:
    """Give the lookahead that keeps the workers at hand busy: those asked for, or as many as the trials are worth.

    Args:
        learns: whether the result depends on the lookahead: whether packs are asked or stopped by what others taught.
    """
    worth = at_hand if settings.workers or not learns else min(at_hand, settings.trials // TRIALS_OF_LOOKAHEAD)
    return max(MIN_LOOKAHEAD, worth)


def _check_number(name: str, value: float | None, low: float, high: float = math.inf) -> None:
    if value is not None and (not low <= value <= high or value == math.inf):
        most = f" to {high}" if high < math.inf else " or more"
        raise SettingsError(f"{name} = {value} is not allowed: give {low:g}{most}")


def write_settings(settings: Settings, path: Path) -> None:
    """Write settings as TOML, without the storage's password; what is none is left out."""
    values = {name: value for name, value in dataclasses.asdict(settings).items() if value is not None}
    values["protocol"] = settings.protocol.value
    if settings.data_dir is not None:
        values["data_dir"] = str(settings.data_dir)
    if settings.storage is not None:
        values["storage"] = hide_password(settings.storage)
    write_text(path, tomli_w.dumps(values))


def read_settings(path: Path) -> Settings:
    """Read settings from TOML.

    Raises:
        SettingsError: the file cannot be read, or a setting is unknown or not allowed.
    """
    try:
        values: dict[str, Any] = load_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"cannot read the settings {path}: {error}: restore the file, or start a new run"
        ) from error
    for name in RETIRED:
        values.pop(name, None)
    names = [field.name for field in dataclasses.fields(Settings)]
    for name in values:
        if name not in names:
            raise SettingsError(f"settings {path}: unknown setting {name!r}.{suggest_name(name, names)}")
    for name, value in values.items():
        _check_kind(name, value, path)
    if "data_dir" in values:
        values["data_dir"] = Path(values["data_dir"])
    if values.get("protocol", Protocol.SEARCH) not in list(Protocol):
        raise SettingsError(f"settings {path}: unknown protocol.{suggest_name(str(values['protocol']), Protocol)}")
    values["protocol"] = Protocol(values.get("protocol", Protocol.SEARCH))
    if "name" not in values:
        raise SettingsError(f"settings {path}: the name of the run is missing: add it, or start a new run")
    return Settings(**values)


def _check_kind(name: str, value: Any, path: Path) -> None:
    """Make sure that TOML has a value of the kind that the setting is."""
    hint = get_type_hints(Settings)[name]
    kinds = {TOML_KINDS[kind] for kind in get_args(hint) or (hint,) if kind in TOML_KINDS}
    given = TOML_KINDS.get(type(value))
    if given not in kinds and not (type(value) is int and TOML_KINDS[float] in kinds):
        raise SettingsError(
            f"settings {path}: {name} = {repr(value)[:100]} is not allowed: give {' or '.join(sorted(kinds))}; "
            "correct it, or start a new run"
        )
