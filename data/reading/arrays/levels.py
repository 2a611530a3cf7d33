"""Arrays of pixels with whatever levels, as bytes: which level is full brightness is found out from all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from packtune.data.formats.greys import TOPS
from packtune.data.preparation.levels import LEAST_OF_SCAN, SCAN_TOP
from packtune.errors import DataError

Array = npt.NDArray[np.generic]
BYTE = TOPS[0]
BLOCK_VALUES = 2**22
"""So many numbers are converted at once: no second array of the whole size is needed."""
_ALLOWED = (
    "Allowed are whole numbers from 0 to 255 (or to 65,535), fractions from 0 to 1, or scans with levels from 0 to 16"
)


def find_top(arrays: Sequence[Array]) -> int:
    """Find the level that stands for full brightness in arrays of pixels.

    It is 255 for uint8 and for other integers up to 255, and 1,023, 4,095, 16,383 or 65,535 for larger ones. It is 1
    for booleans and for floats up to 1; 16 for floats that are whole numbers and of which the largest is 8 to 16, as
    in scikit-learn's digits; and 255 for floats from 16 to 255.

    Args:
        arrays: of one data set, of booleans, integers or floats, none empty.

    Raises:
        DataError: there are other numbers, or it cannot be told which level is full brightness.
    """
    kinds = {array.dtype.kind for array in arrays}
    if not kinds <= set("buif"):
        raise DataError(f"the images are {_dtypes(arrays)}, which are no pixels. {_ALLOWED}: convert them")
    if kinds == {"b"}:
        return 1
    low, high = min(float(array.min()) for array in arrays), max(float(array.max()) for array in arrays)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"the images have pixels that are not finite. {_ALLOWED}: replace these pixels")
    if low < 0:
        raise _out_of_range(arrays, low, high, "give them as they were before they were normalized")
    if "f" in kinds:
        return _top_of_floats(arrays, low, high)
    top = next((top for top in TOPS if high <= top), None)
    if top is None:
        raise _out_of_range(arrays, low, high, "divide them")
    return top


def to_bytes(array: Array, top: int) -> npt.NDArray[np.uint8]:
    """Turn pixels from 0 to `top` into uint8 from 0 to 255; larger ones become 255. Bytes are not copied."""
    if array.dtype == np.uint8 and top == BYTE:
        return array.astype(np.uint8, copy=False)
    made = np.empty(array.shape, dtype=np.uint8)
    step = max(1, BLOCK_VALUES * len(array) // max(1, array.size))
    for start in range(0, len(array), step):
        block = array[start : start + step].astype(np.float64)
        made[start : start + step] = np.rint(np.clip(block * (BYTE / top), 0, BYTE))
    return made


def describe_top(arrays: Sequence[Array], top: int) -> tuple[str, ...]:
    """Say how pixels were converted; nothing for bytes."""
    if top == BYTE and all(array.dtype.kind in "ui" for array in arrays):
        return ()
    if top == BYTE:
        return ("The pixels are fractions from 0 to 255, which were rounded.",)
    return (f"The pixels are from 0 to {top:,}, and were multiplied by 255/{top:,} and rounded.",)


def _top_of_floats(arrays: Sequence[Array], low: float, high: float) -> int:
    if high <= 1:
        return 1
    if high <= SCAN_TOP:
        if high >= LEAST_OF_SCAN and all(map(_are_whole, arrays)):
            return SCAN_TOP
        raise _out_of_range(arrays, low, high, "it cannot be told what full brightness is: give uint8 from 0 to 255")
    if high <= BYTE:
        return BYTE
    raise _out_of_range(arrays, low, high, "divide them")


def _are_whole(array: Array) -> bool:
    step = max(1, BLOCK_VALUES * len(array) // max(1, array.size))
    blocks = (array[start : start + step].astype(np.float64) for start in range(0, len(array), step))
    return all(bool((block == np.rint(block)).all()) for block in blocks)


def _out_of_range(arrays: Sequence[Array], low: float, high: float, advice: str) -> DataError:
    return DataError(f"the images are {_dtypes(arrays)} with pixels from {low:g} to {high:g}. {_ALLOWED}: {advice}")


def _dtypes(arrays: Sequence[Array]) -> str:
    return " and ".join(sorted({str(array.dtype) for array in arrays}))
