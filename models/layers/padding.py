"""The widths to which members are padded."""

from __future__ import annotations


def padded_units(units: int) -> int:
    """Round a number of units up to a power of two. Members whose widths round to the same one may share a pack."""
    return 1 << (units - 1).bit_length()
