"""Makes a process that imports large libraries start and end faster."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Keep the garbage collector from walking over what is being imported.

    These walks are a sixth of the time that PyTorch takes to import. What was imported lives as long as the process, so
    the collector skips it from then on. That saves the walks at the end of the process too, which take most of a second
    for PyTorch and Ray Tune.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
