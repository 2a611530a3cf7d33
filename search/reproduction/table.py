"""The table of a reproduction: on screen, as Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from packtune.machine import describe_machine
from packtune.report.fitting import fit_table, wrap, write_table
from packtune.report.live.progress import format_duration
from packtune.reproduction.comparison import Comparison
from packtune.reproduction.notebook import NUMPY


def to_frame(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Make the table that is written as CSV, with all digits."""
    return pd.DataFrame([_cells(comparison) for comparison in comparisons], dtype=object)


def _cells(c: Comparison) -> dict[str, object]:
    def pair(name: str, values: tuple[float | None, float | None] | None) -> dict[str, float | None]:
        validation, test = values or (None, None)
        return {f"{name}_validation": validation, f"{name}_test": test}

    return {
        "system": c.system,
        "configuration": c.configuration,
        "output": c.output,
        **pair("published", c.published),
        **pair("measured", c.measured),
        **pair("difference", c.difference),
        **pair("both_right", c.both),
        "seeds": c.seeds or None,
        **pair("mean", c.mean),
        **pair("deviation", c.deviation),
        "criterion": c.criterion,
        "reproduced": _word(c.reproduced),
        "published_runtime": c.published_runtime,
        "seconds": None if c.seconds is None else round(c.seconds, 1),
        "device": c.device,
        "precision": c.precision,
    }


def _word(reproduced: bool | None) -> str:
    return {True: "yes", False: "no", None: "not trained"}[reproduced]


HEADERS = (
    "system",
    "configuration",
    "output",
    *(f"{split} {what}" for split in ("validation", "test") for what in ("published", "measured", "difference")),
    "reproduced",
    "runtime notebook",
    "runtime ours",
    "device",
    "precision",
)


FIRST_OUT = (
    *("precision", "device", "runtime notebook", "runtime ours"),
    *("test published", "validation published", "test difference", "validation difference"),
)
"""What is left out first where a terminal is narrow."""


def to_screen(comparisons: Sequence[Comparison], *, width: int | None = None) -> str:
    """Write the table for a terminal, with notes below it.

    Args:
        width: characters in a line, none for no limit. Where there is no room, some columns are left out.
    """
    rows = [dict(zip(HEADERS, _row(comparison), strict=True)) for comparison in comparisons]

    def write(names: Sequence[str]) -> str:
        headers = [name.replace(" ", "\n") for name in names]
        return write_table(headers, [[row[name] for name in names] for row in rows])

    fitted = fit_table(HEADERS, write, first_out=FIRST_OUT, width=width)
    no_room = [f"No room here for: {', '.join(fitted.hidden)}"] if fitted.hidden else []
    return "\n".join([fitted.text, "", *(wrap(note, width) for note in [*no_room, *_notes(comparisons)])])


def to_markdown(comparisons: Sequence[Comparison]) -> str:
    """Write the table as Markdown, with the notes and the machine that made it."""
    rows = [_row(comparison) for comparison in comparisons]
    table = write_table(HEADERS, rows, style="github")
    notes = [*_notes(comparisons), f"made on {describe_machine()}"]
    return "\n".join([table, "", *(f"- {note}" for note in notes)]) + "\n"


def _row(c: Comparison) -> list[str]:
    digits = 8 if c.system == NUMPY else 6
    numbers = []
    for index in (0, 1):
        theirs, ours = c.published[index], c.measured[index] if c.measured else None
        difference = c.difference[index]
        numbers += [
            "" if theirs is None else f"{theirs:.{digits}f}",
            "" if ours is None else f"{ours:.{digits}f}",
            "" if difference is None else f"{difference:+z.{'0e' if c.system == NUMPY else '6f'}}",
        ]
    duration = "" if c.seconds is None else format_duration(c.seconds)
    training = [c.published_runtime, duration, c.device, c.precision]
    return [c.system, c.configuration, c.output, *numbers, _word(c.reproduced), *training]


def _notes(comparisons: Sequence[Comparison]) -> list[str]:
    explained = [
        "Validation and test are shares of labels right, over full mini-batches as in the notebook; of the NumPy "
        "network, predictions."
    ]
    measured = [note for comparison in comparisons for note in _measured(comparison)]
    return [*(explained if comparisons else []), *measured, *_missed(comparisons), *_criteria(comparisons)]


def _name(c: Comparison) -> str:
    return f"{c.system}/{c.configuration}" + ("" if c.output == "digit" else f" {c.output}")


def _measured(c: Comparison) -> list[str]:
    """Say what the columns have no place for: several seeds, and several heads."""
    notes = []
    if c.mean and c.deviation:
        notes.append(
            f"{_name(c)}: over {c.seeds} seeds validation {c.mean[0]:.6f} ± {c.deviation[0]:.6f}, "
            f"test {c.mean[1]:.6f} ± {c.deviation[1]:.6f} (mean ± standard deviation)"
        )
    if c.both and c.output == "upper":
        notes.append(f"{c.system}: both digits right: validation {c.both[0]:.6f}, test {c.both[1]:.6f}")
    return notes


def _missed(comparisons: Sequence[Comparison]) -> list[str]:
    """Say what was not reproduced, and why."""
    missed: dict[str, list[str]] = {}
    for c in comparisons:
        if c.reproduced is False:
            missed.setdefault(c.remark, []).append(f"{_name(c)} ({c.criterion})")
    return [f"NOT reproduced: {', '.join(names)}: {remark}" for remark, names in missed.items()]


def _criteria(comparisons: Sequence[Comparison]) -> list[str]:
    """Say what counts as reproduced."""
    criteria: dict[str, list[str]] = {}
    for c in comparisons:
        criteria.setdefault(c.criterion, []).append(f"{c.system}/{c.configuration}")
    return [f"reproduced means {criterion}: {', '.join(dict.fromkeys(names))}" for criterion, names in criteria.items()]
