"""The checks of a space: names, bounds, choices and conditions. Each error names the space and the hyperparameter."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from packtune.errors import SpaceError, suggest_name
from packtune.models.configuration import HYPERPARAMETERS, Value
from packtune.models.hyperparameter import Hyperparameter
from packtune.models.own.hyperparameters import find_hyperparameter
from packtune.space.domains import Choices, Dimension, Domain

FORM_PARENTS = ("architecture", "optimizer")
"""Conditions on these tell several forms of a hyperparameter apart."""


def check_dimension(
    space: str,
    dimension: Dimension,
    known: Mapping[str, Dimension],
    hyperparameters: Mapping[str, Hyperparameter] = HYPERPARAMETERS,
) -> None:
    """Check one hyperparameter of a space.

    Args:
        space: its name, for errors.
        known: all hyperparameters of the space, by name.
        hyperparameters: all that there are.

    Raises:
        SpaceError: a name is unknown, or a value, a bound or a condition is not allowed.
    """
    where = f"space {space!r}, hyperparameter {dimension.name!r}"
    hyperparameter = find_hyperparameter(f"space {space!r}", dimension.name, hyperparameters)
    check_domain(where, dimension.domain)
    if hyperparameter.kind in (bool, str) and not isinstance(dimension.domain, Choices):
        raise SpaceError(f"{where}: a range was given, but it must be {hyperparameter.allowed}: use choices = [...]")
    for value in dimension.domain.bounds():
        if not hyperparameter.accepts(value):
            raise SpaceError(f"{where}: {value!r} is not allowed: it must be {hyperparameter.allowed}")
    for parent, allowed in dimension.when.items():
        _check_condition(where, parent, allowed, known)


def check_forms(space: str, dimensions: Sequence[Dimension]) -> None:
    """Check that at most one form of each hyperparameter applies.

    Members of a pack share the architecture and the optimizer. If these tell the forms apart, members have the same
    forms too.

    Raises:
        SpaceError: two forms of a hyperparameter may apply at once, or a condition is on one that has several.
    """
    several = {d.name for n, d in enumerate(dimensions) if any(d.name == other.name for other in dimensions[:n])}
    for one, other in itertools.combinations([d for d in dimensions if d.name in several], 2):
        if one.name == other.name and not any(_exclude(one, other, parent) for parent in FORM_PARENTS):
            raise SpaceError(
                f"space {space!r}, hyperparameter {one.name!r}: {one.domain} and {other.domain} may apply at once: "
                f"give each a condition on {' or '.join(FORM_PARENTS)}, and no value of that to both"
            )
    for dimension in dimensions:
        for parent in several & set(dimension.when):
            raise SpaceError(
                f"space {space!r}, hyperparameter {dimension.name!r}: its condition is on {parent!r}, which is given "
                "more than once: write the condition with what tells these apart"
            )


def _exclude(one: Dimension, other: Dimension, parent: str) -> bool:
    """Tell whether the conditions of two dimensions on a hyperparameter exclude each other."""
    return parent in one.when and parent in other.when and not set(one.when[parent]) & set(other.when[parent])


def check_domain(where: str, domain: Domain) -> None:
    """Check choices or a range.

    Args:
        where: how errors begin.

    Raises:
        SpaceError: there are no choices, or one is there twice; or bounds are swapped, infinite, or have no logarithm.
    """
    if isinstance(domain, Choices):
        if not domain.values:
            raise SpaceError(f"{where}: choices is empty: give at least one value")
        if len(set(map(repr, domain.values))) < len(domain.values):
            raise SpaceError(f"{where}: choices has a value twice ({domain}): give each once")
        return
    if not (math.isfinite(domain.low) and math.isfinite(domain.high)):
        raise SpaceError(f"{where}: the bounds {domain.low} and {domain.high} must be finite numbers")
    if domain.low > domain.high:
        raise SpaceError(f"{where}: low = {domain.low} is above high = {domain.high}: swap them")
    if domain.log and domain.low <= 0:
        raise SpaceError(f"{where}: log = true needs low above 0, but low = {domain.low}: raise low, or leave log out")


def _check_condition(where: str, parent: str, allowed: tuple[Value, ...], known: Mapping[str, Dimension]) -> None:
    if parent not in known:
        raise SpaceError(
            f"{where}: its condition names {parent!r}, which the space does not have." + suggest_name(parent, known)
        )
    if not allowed:
        raise SpaceError(f"{where}: its condition on {parent!r} lists no value: give at least one")
    possible = known[parent].domain.enumerate()
    for value in allowed:
        if possible is not None and value not in possible:
            raise SpaceError(
                f"{where}: its condition asks for {parent} = {value!r}, which the space never proposes "
                f"({known[parent].domain}): correct one of the two"
            )
