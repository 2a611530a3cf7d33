"""Shared by all tests."""

from hypothesis import settings

# How long an example takes depends on what else the machine does, and decides nothing.
settings.register_profile("packtune", deadline=None)
settings.load_profile("packtune")
