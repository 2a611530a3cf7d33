"""Shared by all tests."""

from hypothesis import settings

# How long an example takes depends on what else the machine does, and decides nothing.
settings.register_profile("packtune", deadline=None)
settings.load_profile("packtune")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes by its argument, not by its content.

    A content may hold the time at which it was made (gzip's does), and the workers of pytest-xdist must all name a
    test alike. Pytest numbers names that repeat.
    """
    return argname if isinstance(val, bytes) else None
