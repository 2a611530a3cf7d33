"""PyTorch's global random numbers for the time of a call: from a seed, and put back after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

MAX_SEED = 2**62
EVALUATION_SEED = 0
"""Of all calls in evaluation, which draw from no generator and so change no training."""


def draw_seed(generator: torch.Generator) -> int:
    """Draw a seed for the random numbers of a call."""
    return int(torch.randint(MAX_SEED, (1,), generator=generator, device=generator.device))


def generator_of(device: torch.device) -> torch.Generator:
    """Give PyTorch's global generator of a device."""
    if device.type == "cuda":
        return torch.cuda.default_generators[torch.cuda.current_device()]
    return torch.default_generator


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Let all random numbers on a device come from a seed; none to change nothing."""
    if seed is None:
        yield
        return
    generator = generator_of(device)
    before = generator.get_state()
    generator.manual_seed(seed)
    try:
        yield
    finally:
        generator.set_state(before)
