"""The samplers by name. `find_sampler` is the only place that looks one up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from packtune.errors import SettingsError, suggest_name
from packtune.proposals.from_optuna.samplers import MakeSampler, OptunaProposer, make_cmaes, make_gp, make_qmc
from packtune.proposals.given import NOTHING, Given
from packtune.proposals.grid import GridProposer
from packtune.proposals.proposer import NarrowedProposer, Proposer
from packtune.proposals.random_draws import RandomProposer
from packtune.proposals.tpe import TpeProposer
from packtune.settings import SearchPlan
from packtune.space.space import Space

MakeProposer = Callable[[Space, SearchPlan], Proposer]
GRID, DEFAULT = "grid", "tpe"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerEntry:
    """One sampler.

    Attributes:
        description: one line for people.
        make: makes the proposer of one search.
        learns: whether proposals depend on outcomes.
        takes_over: whether it learns from the trials of earlier searches too.
        lists: whether each configuration of the space is proposed in order, and again from the start.
    """

    description: str
    make: MakeProposer
    learns: bool = False
    takes_over: bool = False
    lists: bool = False


def _with_optuna(make_sampler: MakeSampler, *, n_trials: int) -> MakeProposer:
    return lambda space, plan: OptunaProposer(space, plan.seed, make_sampler, n_trials=n_trials)


SAMPLERS: dict[str, SamplerEntry] = {
    GRID: SamplerEntry(
        make=lambda space, plan: GridProposer(space),
        lists=True,
        description="every configuration of an enumerated space, in order",
    ),
    "random": SamplerEntry(
        make=RandomProposer,
        description="even draws; the members of a pack share one draw of its shape, so packs of 1 are independent",
    ),
    DEFAULT: SamplerEntry(
        make=TpeProposer,
        learns=True,
        takes_over=True,
        description="tree-structured Parzen estimator (Bergstra et al. 2011), a pack at a time",
    ),
    "qmc": SamplerEntry(make=_with_optuna(make_qmc, n_trials=256), description="a scrambled Sobol sequence"),
    "gp": SamplerEntry(
        make=_with_optuna(make_gp, n_trials=4),
        learns=True,
        takes_over=True,
        description="Gaussian process with expected improvement",
    ),
    "cmaes": SamplerEntry(
        make=_with_optuna(make_cmaes, n_trials=8),
        learns=True,
        description="CMA-ES on the numeric hyperparameters",
    ),
}


def find_sampler(name: str) -> SamplerEntry:
    """Find a sampler by its name.

    Raises:
        SettingsError: no sampler has that name.
    """
    if name not in SAMPLERS:
        raise SettingsError(f"unknown sampler {name!r}.{suggest_name(name, SAMPLERS)}")
    return SAMPLERS[name]


def default_sampler(space: Space) -> str:
    """Name the sampler of a search that names none: `grid` where each configuration can be tried, otherwise `tpe`."""
    return GRID if space.is_enumerable else DEFAULT


def check_sampler(name: str, space: Space) -> None:
    """Make sure that a sampler exists and fits a space.

    Raises:
        SettingsError: no sampler has that name, or it would not keep to the list of a listed space.
        SpaceError: the sampler tries each configuration, and the space is continuous or too large.
    """
    if find_sampler(name).lists:
        space.enumerate()
    elif space.listed:
        raise SettingsError(
            f"the space {space.name!r} is a list of configurations, and the sampler {name!r} would not keep to it: "
            f"use the sampler {GRID!r}, or the space 'grid' or 'wide'"
        )


def count_listed(name: str, space: Space) -> int | None:
    """Count the configurations that a sampler tries in order before it begins again; none if it draws them.

    Raises:
        SettingsError: no sampler has that name.
        SpaceError: the sampler tries each configuration, and the space is continuous or too large.
    """
    return len(space.enumerate()) if find_sampler(name).lists else None


def make_proposer(space: Space, plan: SearchPlan, given: Given = NOTHING) -> Proposer:
    """Make the proposer of one search.

    Args:
        space: from which further trials are proposed.
        given: what a user gave to begin with.

    Raises:
        SettingsError: no sampler has the name in the plan.
        SpaceError: the sampler tries each configuration, and the space is continuous or too large.
    """
    proposer = find_sampler(plan.sampler).make(space, plan)
    if plan.narrowed:
        proposer = NarrowedProposer(proposer, space)
    proposer.prepare(given)
    return proposer
