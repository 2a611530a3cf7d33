"""A small curve in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-=+*#@"
LEAST_ERROR = 1e-4
"""What a merit lacks to 1 is drawn on a logarithmic scale, down to here."""


def draw_rise(rise: Sequence[tuple[int, float]], *, finished: int, width: int, blocks: str = BLOCKS) -> str:
    """Draw how the best merit of a search rose, from its first complete trial to its last finished one.

    The height of a block is the logarithm of what the merit lacks to 1: from 0.98 to 0.99 is as far as from 0.8 to 0.9,
    and the curve still moves where a search comes near its end.

    Args:
        rise: (finished trials, merit) at each trial that was better than all before it; merits are 0 to 1.
        finished: trials by now.
        width: characters, 1 or more; a curve of fewer trials is shorter.
        blocks: characters by height, the lowest first.

    Returns:
        An empty text if there is no complete trial.
    """
    if not rise:
        return ""
    first = rise[0][0]
    n = max(1, min(width, finished - first + 1))
    ends = [first + round((finished - first) * place / max(1, n - 1)) for place in range(n)]
    heights = [_height(merit) for _, merit in rise]
    bottom, span = heights[0], max(heights[-1] - heights[0], 1e-12)
    reached = [max(height for (when, _), height in zip(rise, heights, strict=True) if when <= end) for end in ends]
    return "".join(blocks[round((height - bottom) / span * (len(blocks) - 1))] for height in reached)


def _height(merit: float) -> float:
    return -math.log(max(LEAST_ERROR, 1 - merit))
