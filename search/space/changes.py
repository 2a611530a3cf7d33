"""A space with some hyperparameters narrowed, fixed or added; what can never apply then is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packtune.errors import SpaceError
from packtune.models.configuration import HYPERPARAMETERS, Configuration, Value
from packtune.space.change_words import Change
from packtune.space.domains import Choices, Dimension, Domain
from packtune.space.narrowing import narrow, values_of
from packtune.space.space import Space

ARCHITECTURE = "architecture"


def change_space(space: Space, changes: Sequence[Change]) -> Space:
    """Change hyperparameters of a space.

    Values may be outside those of the space, but for a space that lists its configurations: of such a list, those with
    the values are left; a hyperparameter that the list leaves at its default may be set to another value.

    Raises:
        SpaceError: a range keeps none of the choices; a hyperparameter could never have an effect; or nothing of a list
            is left.
    """
    if not changes:
        return space
    if space.listed:
        return _change_list(space, changes)
    changed, known = {each.name: each for each in changes}, {each.name for each in space.dimensions}
    forms = [each for each in space.dimensions if each.name in changed]
    dimensions = narrow(space.dimensions, {each.key: _merged(space, each.domain, changed[each.name]) for each in forms})
    for name in sorted(changed.keys() - known, key=list(HYPERPARAMETERS).index):  # what others depend on first
        domain = _merged(space, None, changed[name])
        dimensions += (Dimension(name=name, domain=domain, when=_condition_of(name, dimensions)),)
    _check_all_apply(changes, space, dimensions)
    return replace(space, dimensions=dimensions)


def describe_change(space: Space, changed: Space) -> list[str]:
    """Say what was changed in a space: a line or none."""
    before, after = ([(each.name, each.domain) for each in of.dimensions] for of in (space, changed))
    parts = list(dict.fromkeys(f"{name} {domain}" for name, domain in after if (name, domain) not in before))
    gone = [name for name in dict(before) if name not in dict(after)]
    lines = [f"Space {space.name} with {'; '.join(parts)}."] if parts else []
    if space.listed and len(changed.listed) < len(space.listed):
        lines.append(f"{len(changed.listed)} of its {len(space.listed)} configurations are left.")
    if gone:
        lines.append(f"Left out, as they never apply now: {', '.join(gone)}.")
    return [" ".join(lines)] if lines else []


def _merged(space: Space, known: Domain | None, change: Change) -> Domain:
    """Give the new values: a range keeps the choices inside it, and the scale that it had."""
    domain = change.domain
    if isinstance(domain, Choices) or known is None:
        return domain
    if isinstance(known, Choices):
        kept = tuple(value for value in known.values if domain.low <= value <= domain.high)  # type: ignore[operator]
        if not kept:
            raise SpaceError(
                f"set {change}: the space {space.name!r} has none of its values between: {known}. Give values, such as "
                f"{change.name}={domain.low}"
            )
        return Choices(values=kept)
    return replace(domain, log=domain.log if change.scaled else known.log and domain.low > 0)


def _condition_of(name: str, dimensions: Sequence[Dimension]) -> Mapping[str, tuple[Value, ...]]:
    """Give the condition of a hyperparameter that is added; nothing allowed if it could never have an effect."""
    conditions: dict[str, tuple[Value, ...]] = {}
    for parent, users in HYPERPARAMETERS[name].only_for.items():
        offered = tuple(values_of(dimensions, parent)) or (getattr(Configuration(), parent),)
        allowed = tuple(value for value in offered if value in users)
        if allowed != offered:
            conditions[parent] = allowed
    return conditions


def _check_all_apply(changes: Sequence[Change], space: Space, dimensions: Sequence[Dimension]) -> None:
    """Refuse a change of what never applies."""
    when = {each.name: each.when for each in [*space.dimensions, *dimensions]}
    applying = {each.name for each in dimensions if all(each.when.values())}
    for change in changes:
        if change.name not in applying:
            where = _words(when[change.name]) or _words(HYPERPARAMETERS[change.name].only_for)
            raise SpaceError(
                f"set {change}: {change.name} counts only where {where}, which is never proposed here: leave this "
                "change out, or allow that"
            )


def _words(when: Mapping[str, Sequence[Value]]) -> str:
    return " and ".join(f"{name} = {_listed(values)}" for name, values in when.items() if values)


def _listed(values: Sequence[Value]) -> str:
    return " or ".join(map(str, values))


def _change_list(space: Space, changes: Sequence[Change]) -> Space:
    """Keep the configurations of a list that have the values; give all of them what the list leaves at its default."""
    rows = [dict(row) for row in space.listed]
    for change in changes:
        if all(change.name in row for row in rows):
            rows = _rows_with(space, rows, change)
        else:
            rows = [{**row, change.name: _only_value(space, change)} for row in rows]
    _check_effect(space, rows, changes)
    names = dict.fromkeys(name for row in rows for name in row)
    dimensions = tuple(
        Dimension(name=name, domain=Choices(values=tuple(dict.fromkeys(row[name] for row in rows)))) for name in names
    )
    return replace(space, dimensions=dimensions, listed=tuple(rows))


def _rows_with(space: Space, rows: Sequence[dict[str, Value]], change: Change) -> list[dict[str, Value]]:
    domain, name = change.domain, change.name
    if isinstance(domain, Choices):
        kept = [row for row in rows if row[name] in domain.values]
        missing = [value for value in domain.values if all(row[name] != value for row in rows)]
    else:
        kept = [row for row in rows if domain.low <= row[name] <= domain.high]  # type: ignore[operator]
        missing = [] if kept else [domain.low]
    if missing:
        there = Choices(values=tuple(dict.fromkeys(row[name] for row in rows)))
        raise SpaceError(
            f"set {change}: the space {space.name!r} is a list of configurations, and has none with that: {name} is "
            f"{there}. Give one of these, or another space, such as --space wide"
        )
    return kept


def _only_value(space: Space, change: Change) -> Value:
    if isinstance(change.domain, Choices) and len(change.domain.values) == 1:
        return change.domain.values[0]
    raise SpaceError(
        f"set {change}: the space {space.name!r} is a list of configurations, all with the default of {change.name}: "
        "give it one value, or use another space, such as --space wide"
    )


def _check_effect(space: Space, rows: Sequence[Mapping[str, Value]], changes: Sequence[Change]) -> None:
    used = {name for row in rows for name in Configuration.from_dict(row).counting()}
    for change in changes:
        if change.name not in used:
            raise SpaceError(
                f"set {change}: no configuration of the space {space.name!r} uses {change.name}: leave this change out"
            )
