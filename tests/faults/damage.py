"""Hypothesis strategies for damaged bytes and for values of any type. Knows nothing about formats."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

HUGE = (0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**33, 2**40, 2**62, 2**63 - 1, 2**64 - 1)
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

HUGE_NUMBERS = st.sampled_from(HUGE) | st.sampled_from([-1, -(2**31), -(2**63), 2**70, 10**400])
ODD_FLOATS = st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0, 1e-320, 1e300, float("inf"), -float("inf"), float("nan")])
ODD_TEXT = st.sampled_from(["", " ", "1", "nan", "true", "\x00", "\x1b[31m", "é", "𝔘", "../..", "a" * 300]) | st.text(
    st.characters(codec="utf-8"), max_size=8
)
SCALARS = st.booleans() | st.integers(-3, 300) | HUGE_NUMBERS | ODD_FLOATS | st.floats() | ODD_TEXT


def values(leaves: st.SearchStrategy[Any] = SCALARS) -> st.SearchStrategy[Any]:
    """Draw a value of any type that JSON and TOML both write, some of them nested."""
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD_TEXT, inner, max_size=4), max_leaves=6
    )


@st.composite
def damaged(draw: Callable[..., Any], originals: Sequence[bytes], *, most: int = 5) -> bytes:
    """Damage one of some valid contents in one to `most` places."""
    content = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, most))):
        _DAMAGES[draw(st.sampled_from(sorted(_DAMAGES)))](draw, content, originals)
    return bytes(content)


def contents(originals: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Draw arbitrary bytes, with and without a valid beginning, or a damaged original."""
    starts = st.sampled_from([b"", *{original[:n] for original in originals for n in (2, 4, 8)}])
    arbitrary = st.binary(max_size=200)
    return arbitrary | st.builds(bytes.__add__, starts, arbitrary) | damaged(originals) | damaged(originals, most=2)


def zip_bytes(members: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """Write a zip archive."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # a name that comes twice is meant to
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return stream.getvalue()


def _place(draw: Callable[..., Any], content: bytearray) -> int:
    # Both ends hold headers and directories, and deserve more than their share.
    if draw(st.booleans()):
        return draw(st.integers(0, max(0, len(content) - 1)))
    near = draw(st.integers(0, min(120, max(0, len(content) - 1))))
    return near if draw(st.booleans()) else max(0, len(content) - 1 - near)


def _flip(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    if content:
        content[_place(draw, content)] ^= 1 << draw(st.integers(0, 7))


def _change(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    if content:
        content[_place(draw, content)] = draw(st.integers(0, 255))


def _insert(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    place = _place(draw, content)
    content[place:place] = draw(st.binary(min_size=1, max_size=9))


def _delete(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    place = _place(draw, content)
    del content[place : place + draw(st.integers(1, 20))]


def _truncate(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    del content[_place(draw, content) :]


def _duplicate(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    source, place = _place(draw, content), _place(draw, content)
    content[place:place] = content[source : source + draw(st.integers(1, 60))]


def _splice(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    other = bytearray(draw(st.sampled_from(originals)))
    content[_place(draw, content) :] = other[_place(draw, other) :]


def _number(draw: Callable[..., Any], content: bytearray, originals: Sequence[bytes]) -> None:
    width = draw(st.sampled_from("BHIQ"))
    number = struct.pack(draw(st.sampled_from("<>")) + width, draw(st.sampled_from(HUGE)) % 2 ** (8 * _WIDTHS[width]))
    place = _place(draw, content)
    content[place : place + len(number)] = number


_WIDTHS = {"B": 1, "H": 2, "I": 4, "Q": 8}
_DAMAGES = {
    "flip": _flip,
    "change": _change,
    "insert": _insert,
    "delete": _delete,
    "truncate": _truncate,
    "duplicate": _duplicate,
    "splice": _splice,
    "number": _number,
}
