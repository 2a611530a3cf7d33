"""A space with fewer values. What can never apply then is left out too. Knows no data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from packtune.models.configuration import Value
from packtune.space.domains import Choices, Dimension, Domain, IntRange


def values_of(dimensions: Sequence[Dimension], name: str) -> tuple[Value, ...]:
    """List the values that a hyperparameter may take; none if it is left out, or continuous."""
    found = [value for each in dimensions if each.name == name for value in each.domain.enumerate() or ()]
    return tuple(dict.fromkeys(found))


def narrow(dimensions: Sequence[Dimension], domains: Mapping[str, Domain]) -> tuple[Dimension, ...]:
    """Give hyperparameters other domains, and take away the conditions that can never hold then.

    Args:
        dimensions: each after those that its condition names.
        domains: by the keys of the dimensions; what is not named keeps its own.
    """
    kept: dict[str, Dimension] = {}
    for each in dimensions:
        when = {name: _possible(kept.get(name), allowed) for name, allowed in each.when.items()}
        if all(when.values()):
            kept[each.key] = replace(each, domain=domains.get(each.key, each.domain), when=when)
    return tuple(kept.values())


def only(domain: Domain, keep: Callable[[Value], bool]) -> Domain | None:
    """Take values away from choices, or from the upper end of a range of whole numbers; none if nothing is left."""
    if isinstance(domain, Choices):
        values = tuple(value for value in domain.values if keep(value))
        return Choices(values=values) if values else None
    if not isinstance(domain, IntRange):
        return domain
    high = next((value for value in range(domain.high, domain.low - 1, -1) if keep(value)), None)
    return None if high is None else replace(domain, high=high)


def _possible(parent: Dimension | None, allowed: tuple[Value, ...]) -> tuple[Value, ...]:
    if parent is None:
        return ()
    possible = parent.domain.enumerate()
    return allowed if possible is None else tuple(value for value in allowed if value in possible)
