"""How many members the packs of a search have at most, shape by shape: by rule, or measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from data.dataset import Dataset
from models.calibration import Calibration, calibrate
from models.configuration import Configuration
from models.precision import Precision
from search.connection import Placement
from search.errors import SettingsError
from search.packing import most_members, pack_capacity, shape_in_words, widest_of
from search.settings import Settings
from search.study import SearchStudy

Measure = Callable[[Configuration, int], Calibration]
"""(configuration of every member, the most members to try) -> what was measured."""


class Capacities:
    """Gives the largest number of members for a configuration, and says it once for every shape.

    What was measured is noted in the study before any pack depends on it: a search that goes on elsewhere, or later,
    makes the same packs.

    Args:
        device: "cpu" or "cuda".
        measure: none to go by rule.
    """

    def __init__(self, study: SearchStudy, device: str, measure: Measure | None, say: Callable[[str], None]) -> None:
        self._study = study
        self._device = device
        self._measure = measure
        self._say = say
        self._known = study.capacities() if measure else {}
        self._said: set[str] = set()

    def __call__(self, configuration: Configuration) -> int:
        """Give the largest number of members of a pack with this configuration."""
        shape = shape_in_words(configuration)
        if self._measure is None:
            return self._explained(shape, pack_capacity(configuration, self._device), "by rule")
        if shape in self._known:
            return self._explained(shape, self._known[shape], "measured before")
        found = self._measure(widest_of(configuration), most_members(widest_of(configuration), self._device))
        self._study.note_capacity(shape, found.members)
        self._known[shape] = found.members
        times = ", ".join(f"{1e6 * seconds:.0f} with {size}" for size, seconds in found.step_s.items())
        return self._explained(shape, found.members, f"measured: µs of a step and member {times}")

    def _explained(self, shape: str, members: int, reason: str) -> int:
        if shape not in self._said:
            self._said.add(shape)
            self._say(f"Packs of {shape}: up to {members} member{'s' * (members != 1)} ({reason}).")
        return members


def capacities_of(
    study: SearchStudy, settings: Settings, dataset: Dataset, placement: Placement, say: Callable[[str], None]
) -> Capacities:
    """Give the capacities that a search's settings ask for."""
    if not settings.measure_packs:
        return Capacities(study, placement.device, None, say)
    measure = partial(
        _measure, dataset=dataset, device=placement.device, threads=placement.threads, precision=settings.precision
    )
    return Capacities(study, placement.device, measure, say)


def _measure(
    configuration: Configuration, most: int, *, dataset: Dataset, device: str, threads: int, precision: str
) -> Calibration:
    """Measure as a worker would train."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return calibrate(
            configuration,
            dataset,
            most=most,
            device=device,
            precision=Precision(precision).where_it_pays(configuration),
        )
    finally:
        torch.set_num_threads(before)


def check_measurable(settings: Settings, device: str) -> None:
    """Make sure that packs can be measured, if the settings ask for it.

    Raises:
        SettingsError: they would be measured on a device that this machine does not have.
    """
    if settings.measure_packs and device == "cuda" and not torch.cuda.is_available():
        raise SettingsError(
            "pack-size = measured is not allowed here: packs are measured on the machine that starts the search, and "
            "this one has no GPU: give auto, or a whole number"
        )
