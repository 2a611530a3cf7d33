"""Writes small pictures as PNG, with zlib alone."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, COLOUR = 0, 2


def write_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Write a picture of 8 bits.

    Args:
        pixels: uint8 [height, width], or [height, width, 3].

    Raises:
        ValueError: the shape is another one.
    """
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or pixels.shape[2:] == (3,)) or not pixels.size:
        raise ValueError(f"pixels are {pixels.dtype} {pixels.shape}: give uint8 [height, width] or [height, width, 3]")
    height, width = pixels.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 8, GREY if pixels.ndim == 2 else COLOUR, 0, 0, 0)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # no filter
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
