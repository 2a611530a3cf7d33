"""Database URLs, shown without their passwords."""

from __future__ import annotations

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from search.errors import SettingsError

HIDDEN = "***"


def hide_password(url: str) -> str:
    """Show a database URL without its password.

    Raises:
        SettingsError: it is no URL.
    """
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError as error:
        raise SettingsError(
            "the storage is no database URL: write DIALECT://USER:PASSWORD@HOST/NAME, such as sqlite:///studies.db"
        ) from error
