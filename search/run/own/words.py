"""What was found in data of the user's own, in words."""

from __future__ import annotations

from packtune.data.description import Description, Head, OwnData
from packtune.run.own.fitting import left_out
from packtune.run.own.room import ARCHITECTURE
from packtune.space.space import Space

MOST_NAMED = 6
"""Classes that are named with their counts; of more, the largest and the smallest."""
SPLIT_WORDS = {"validation": "validation", "test": "test"}


def describe_own(own: OwnData) -> list[str]:
    """Say what was found: two lines, and one for each further note."""
    about = own.description
    n = about.n_train + about.n_validation + about.n_test
    classes = "; ".join(_classes(head, counts) for head, counts in zip(about.heads, own.counts, strict=True))
    return [
        f"{about.name}: {own.format}; {n:,} {_examples(about)}; {classes}.",
        f"Split: {about.n_train:,} for training, {about.n_validation:,} for validation, {about.n_test:,} for the test"
        f"{_origin(own)}.",
        *own.notes,
    ]


def describe_fit(space: Space, fitted: Space, data: Description) -> list[str]:
    """Say what was left out of a space, or lowered, to fit the data."""
    lines = []
    if out := left_out(space, data):
        why = "they need images" if not data.is_images else "images of this size are too small for them"
        lines.append(f"Left out of the space {space.name}, as {why}: {', '.join(out)}.")
    if gone := len(space.listed) - len(fitted.listed):
        lines.append(f"Left out of the space {space.name}, as they do not fit these data: {gone} configurations.")
    before = {each.key: each.domain for each in space.dimensions}
    changed = [
        f"{each.name} {each.domain}"
        for each in fitted.dimensions
        if each.name != ARCHITECTURE and before.get(each.key) != each.domain
    ]
    if changed and not space.listed:
        lines.append(f"Fitted to these data: {'; '.join(changed)}.")
    return lines


def _examples(about: Description) -> str:
    if not about.is_images:
        return f"rows, {about.inputs:,} columns as a network gets them"
    channels, height, width = about.input_shape
    colour = {1: ", grey", 3: ", in colour"}.get(channels, f", {channels} channels")
    return f"images of {height} x {width} pixels{colour}"


def _classes(head: Head, counts: tuple[int, ...]) -> str:
    named = [f"{name} ({count:,})" for name, count in zip(head.classes, counts, strict=True)]
    what = f"{len(named)} classes of {head.name}"
    if len(named) <= MOST_NAMED:
        return f"{what}: {', '.join(named)}"
    order = sorted(range(len(named)), key=lambda number: -counts[number])
    return f"{what}, from {named[order[0]]} to {named[order[-1]]}"


def _origin(own: OwnData) -> str:
    if not own.is_split:
        return ", as given"
    drawn = " and ".join(own.is_split)
    by = "by groups" if own.options.group else "by class in proportion"
    kept = "" if len(own.is_split) == 2 else "; the rest as given"
    return f"; {drawn} drawn {by}{kept}"
