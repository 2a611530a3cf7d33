"""What Ray's worker processes import when they start, before there is a pack to train."""

from __future__ import annotations

import importlib

from packtune.startup import quick_imports

with quick_imports():
    importlib.import_module("packtune.worker.trainable")
