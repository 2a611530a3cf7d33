"""Times and sizes for people: one unit, rounded."""

from __future__ import annotations

UNITS = ((86400, "day"), (3600, "h"), (60, "min"))
SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def age_in_words(seconds: float) -> str:
    """Write how long ago something was, in the largest unit that it has one of: 42 s, 3 min, 5 h, 12 days."""
    for size, unit in UNITS:
        if (whole := int(seconds // size)) >= 1:
            return f"{whole} {unit}{'s' * (unit == 'day' and whole > 1)}"
    return f"{max(0, int(seconds))} s"


def size_in_words(n_bytes: int) -> str:
    """Write a size in bytes: 512 bytes, 3.4 kB, 12 MB."""
    for size, unit in SIZES:
        if n_bytes >= size:
            shown = n_bytes / size
            return f"{shown:.1f} {unit}" if shown < 10 else f"{shown:.0f} {unit}"
    return f"{n_bytes} byte{'s' * (n_bytes != 1)}"
