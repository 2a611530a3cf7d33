"""The threads that PyTorch computes with on a processor.

PyTorch is imported only where it is needed, so that names can be checked without that wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Let PyTorch compute with a number of threads, 1 or more, for a time.

    Small networks gain nothing from a second thread; where other work has all cores, it makes them many times slower.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
