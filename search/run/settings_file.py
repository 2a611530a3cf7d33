"""The settings of a run as a TOML file: one flat table, so that a person finds every setting at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import tomli_w

from packtune.data.catalog import DATASETS
from packtune.data.description import OwnData
from packtune.errors import SettingsError, suggest_name
from packtune.files import write_text
from packtune.models.configuration import Value
from packtune.models.hardware.device import Device
from packtune.models.hardware.precision import Precision
from packtune.models.own.hyperparameters import NetworkSpace
from packtune.models.training.metrics.catalog import Metric
from packtune.protocol import Protocol
from packtune.run.network.facts import read_facts
from packtune.settings import EndedBy, Preference, Resources, SearchPlan, Settings
from packtune.study.storage_url import hide_password
from packtune.toml_text import load_toml, path_from_text, path_to_text

AUTO = "auto"
"""How the file writes a setting that is left open until the hardware is known."""
FIRST_LOOKAHEAD = 4
"""The lookahead of runs from before the file had one."""
OBJECTS = "arrays"
"""The name of data that came from a Python program."""
RETIRED = ("measure_packs",)
"""Settings of older runs that decide nothing any more."""

KINDS: dict[type, str] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
"""How an error names the kind of a setting."""

Kind = TypeVar("Kind", str, int, float, bool)
Word = TypeVar("Word", bound=StrEnum)
Default = TypeVar("Default")


def write_settings(settings: Settings, path: Path) -> None:
    """Write settings as TOML, without the password of the storage; what is none is left out."""
    own = {"name": settings.name, "run_id": settings.run_id, "version": settings.version or None}
    values = {**own, **values_of(settings)}
    write_text(path, tomli_w.dumps({name: value for name, value in values.items() if value is not None}))


def values_of(settings: Settings) -> dict[str, Value | list[str] | None]:
    """List the settings by name, as the file has them: first what decides the result, then where a search runs."""
    return {**plan_values(settings.plan), **resource_values(settings.resources)}


def plan_values(plan: SearchPlan) -> dict[str, Value | list[str] | None]:
    """Give what decides the result, as the file has it; none for what is left out."""
    return {
        "data": path_to_text(plan.data),
        "network": None if plan.network is None else path_to_text(plan.network.file),
        "space": path_to_text(plan.space),
        "changes": list(plan.changes) or None,
        "narrowed": list(plan.narrowed) or None,
        "sampler": plan.sampler,
        "trials": plan.trials,
        "stop_at": plan.stop_at,
        "patience": plan.patience,
        "stops_from": plan.stops_from or None,
        "ended_by": None if plan.ended_by is None else plan.ended_by.value,
        "asked_trials": plan.asked_trials,
        "replicates": plan.replicates,
        "epochs": plan.epochs,
        "seed": plan.seed,
        "protocol": plan.protocol.value,
        "pack_size": plan.pack_size,
        "halving": plan.halving,
        "confirm": plan.confirm,
        "finalists": plan.finalists,
        "report_trainings": plan.report_trainings,
        "prefer": plan.prefer.value,
        "metric": plan.metric.value,
        "precision": AUTO if plan.precision is None else plan.precision.value,
        "lookahead": AUTO if plan.lookahead is None else plan.lookahead,
    }


def resource_values(resources: Resources) -> dict[str, Value | list[str] | None]:
    """Give where a search runs, as the file has it, without the password of the storage; none for what is left out."""
    return {
        "data_dir": None if resources.data_dir is None else path_to_text(str(resources.data_dir)),
        "workers": resources.workers,
        "cpus_per_worker": resources.cpus_per_worker,
        "gpus_per_worker": resources.gpus_per_worker,
        "device": AUTO if resources.device is None else resources.device.value,
        "address": resources.address,
        "storage": None if resources.storage is None else hide_password(resources.storage),
        "time_budget_s": resources.time_budget_s,
        "max_failures": resources.max_failures,
        "checkpoint_interval_s": resources.checkpoint_interval_s,
    }


def read_settings(path: Path) -> Settings:
    """Read settings from TOML.

    Raises:
        SettingsError: the file cannot be read, or a setting is unknown or not allowed.
    """
    try:
        values = load_toml(path.read_text(encoding="utf-8-sig"))  # an editor may have put a byte-order mark first
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"cannot read the settings {path}: {error}: restore the file, or start a new run"
        ) from error
    table = _Table(path, _of_today(values))
    table.check_names()
    name = table.get("name", str, None)
    if name is None:
        raise SettingsError(f"settings {path}: the name of the run is missing: add it, or start a new run")
    return Settings(
        name=name,
        run_id=table.get("run_id", str, ""),
        version=table.get("version", str, ""),
        plan=_read_plan(table, own=_read_own(path, table), network=_read_network(path, table)),
        resources=_read_resources(table),
    )


def _of_today(values: Mapping[str, object]) -> Mapping[str, object]:
    """Bring the settings of an older run into the words of today."""
    kept = {name: value for name, value in values.items() if name not in RETIRED}
    prefer = kept.get("prefer")
    return kept | {"prefer": Preference.known(prefer)} if isinstance(prefer, str) else kept


def _read_own(path: Path, table: _Table) -> OwnData | None:
    """Read what is known of data of the user's own, from beside the settings; none for a built-in data set."""
    if table.get("data", str, "") in ("", *DATASETS):
        return None
    from packtune.data.own.facts import FACTS, read_facts

    facts = read_facts(path.parent)
    if facts is None and (path_from_text(table.get("data", str, "")) == OBJECTS or "/" in table.get("data", str, "")):
        raise SettingsError(
            f"{path.parent / FACTS} is missing, which says what the data of the run are: restore it from a copy, or "
            "start a new run"
        )
    return None if facts is None else facts.own


def _read_network(path: Path, table: _Table) -> NetworkSpace | None:
    """Read what is known of a network of the user's own, from beside the settings; none for built-in ones."""
    file = table.get("network", str, None)
    return None if file is None else read_facts(path.parent, path_from_text(file))


def _read_plan(table: _Table, own: OwnData | None, network: NetworkSpace | None) -> SearchPlan:
    default = SearchPlan()
    return SearchPlan(
        data=path_from_text(table.get("data", str, default.data)),
        own=own,
        network=network,
        space=path_from_text(table.get("space", str, default.space)),
        changes=table.texts("changes"),
        narrowed=table.texts("narrowed"),
        sampler=table.get("sampler", str, default.sampler),
        trials=table.get("trials", int, default.trials),
        stop_at=table.get("stop_at", float, None),
        patience=table.get("patience", int, None),
        stops_from=table.get("stops_from", int, 0),
        ended_by=table.word("ended_by", EndedBy, None),
        asked_trials=table.get("asked_trials", int, None),
        replicates=table.get("replicates", int, default.replicates),
        epochs=table.get("epochs", int, default.epochs),
        seed=table.get("seed", int, default.seed),
        protocol=table.word("protocol", Protocol, default.protocol),
        pack_size=table.get("pack_size", int, None),
        halving=table.get("halving", bool, default.halving),
        confirm=table.get("confirm", bool, default.confirm),
        finalists=table.get("finalists", int, None),
        report_trainings=table.get("report_trainings", int, None),
        prefer=table.word("prefer", Preference, default.prefer),
        metric=table.word("metric", Metric, default.metric),
        precision=None if table.is_auto("precision") else table.word("precision", Precision, Precision.FLOAT32, AUTO),
        lookahead=None if table.is_auto("lookahead") else table.get("lookahead", int, FIRST_LOOKAHEAD),
    )


def _read_resources(table: _Table) -> Resources:
    default = Resources()
    data_dir, storage = table.get("data_dir", str, None), table.get("storage", str, None)
    if storage is not None:
        hide_password(storage)  # refuses what is no URL
    return Resources(
        data_dir=None if data_dir is None else Path(path_from_text(data_dir)),
        workers=table.get("workers", int, None),
        cpus_per_worker=table.get("cpus_per_worker", float, default.cpus_per_worker),
        gpus_per_worker=table.get("gpus_per_worker", float, None),
        device=None if table.is_auto("device") else table.word("device", Device, None, AUTO),
        address=table.get("address", str, None),
        storage=storage,
        time_budget_s=table.get("time_budget_s", float, None),
        max_failures=table.get("max_failures", int, default.max_failures),
        checkpoint_interval_s=table.get("checkpoint_interval_s", float, default.checkpoint_interval_s),
    )


def _names() -> list[str]:
    """List the settings that a file may have."""
    records = (SearchPlan, Resources)
    fields = [field.name for record in records for field in dataclasses.fields(record)]
    return ["name", "run_id", "version", *(name for name in fields if name != "own")]


@dataclass(frozen=True, slots=True)
class _Table:
    """The values of a file, each read as the kind that its setting has, or refused with an error that names it."""

    path: Path
    values: Mapping[str, object]

    def check_names(self) -> None:
        """Refuse settings that there are not."""
        allowed = _names()
        for name in self.values:
            if name not in allowed:
                raise SettingsError(f"settings {self.path}: unknown setting {name!r}.{suggest_name(name, allowed)}")

    def get(self, name: str, kind: type[Kind], default: Default) -> Kind | Default:
        """Read a setting, or give the default if the file does not have it."""
        if name not in self.values:
            return default
        value = self.values[name]
        if type(value) is int and kind is float:
            value = float(value)
        if type(value) is not kind:
            raise SettingsError(
                f"settings {self.path}: {name} = {repr(value)[:100]} is not allowed: give {KINDS[kind]}; correct it, "
                "or start a new run"
            )
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts; empty if the file does not have it."""
        found = self.values.get(name, [])
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise SettingsError(
                f"settings {self.path}: {name} = {repr(found)[:100]} is not allowed: give a list of texts; correct it, "
                "or start a new run"
            )
        return tuple(found)

    def word(self, name: str, words: type[Word], default: Default, *others: str) -> Word | Default:
        """Read a setting that is one of some words; `others` are named as allowed too."""
        text = self.get(name, str, None)
        if text is None:
            return default
        if text not in list(words):
            raise SettingsError(
                f"settings {self.path}: unknown {name} {text[:100]!r}.{suggest_name(text, [*others, *words])}"
            )
        return words(text)

    def is_auto(self, name: str) -> bool:
        """Tell whether a setting is left open until the hardware is known."""
        return self.values.get(name) == AUTO
