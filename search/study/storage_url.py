"""Database URLs, shown without their passwords."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from packtune.data.files import readable
from packtune.errors import SettingsError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

HIDDEN = "***"
# Drivers take passwords among a URL's options too: password (psycopg), passwd (MySQL), sslpassword, PWD (ODBC) ...
SECRET_WORDS = ("password", "passwd", "passphrase", "pwd", "secret", "token")
# The values of these are lists of options, with a password among them perhaps.
SECRET_OPTIONS = ("odbc_connect", "dsn")


def hide_password(url: str) -> str:
    """Show a database URL without its passwords, also those among its options.

    Raises:
        SettingsError: it is no URL.
    """
    parsed = _parse(url)
    options = {name: HIDDEN if _is_secret(name) else value for name, value in parsed.query.items()}
    shown = parsed.set(query=options) if options != dict(parsed.query) else parsed
    # The mark is not escaped, so that `HIDDEN in url` finds it again.
    return shown.render_as_string(hide_password=True).replace("=%2A%2A%2A", f"={HIDDEN}")


def make_absolute(url: str) -> str:
    """Give the URL of an SQLite file an absolute path, so that it is found from each folder; leave other URLs.

    Raises:
        SettingsError: it is no URL.
    """
    path = sqlite_file(url)
    if path is None or path.is_absolute():
        return url
    _check_letters(str(path.absolute()))
    return _parse(url).set(database=str(path.absolute())).render_as_string(hide_password=False)


def sqlite_file(url: str) -> Path | None:
    """Give the file of an SQLite database; none for another database, or for one in memory."""
    parsed = _parse(url)
    name = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return Path(name) if name and not name.startswith((":memory:", "file:")) else None


def hide_secrets(text: str, url: str) -> str:
    """Replace the passwords of a database URL in a text."""
    for secret in sorted(_secrets_of(url), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets_of(url: str) -> list[str]:
    parsed = _parse(url)
    options = [value for name, value in parsed.query.items() if _is_secret(name)]
    values = [parsed.password, *(text for value in options for text in ([value] if isinstance(value, str) else value))]
    plain = [str(value) for value in values if value and str(value) != HIDDEN]
    # The URL may have special characters escaped, in one of two ways: the passwords as they are written there, too.
    words = re.split(r"[:/?&=@]", url)
    written = [word for word in words if {unquote(word), unquote_plus(word)} & set(plain)]
    return [*plain, *written, *map(quote, plain), *map(quote_plus, plain)]


def _is_secret(option: str) -> bool:
    name = option.lower()
    return name in SECRET_OPTIONS or any(word in name for word in SECRET_WORDS)


def _parse(url: str) -> URL:
    _check_letters(url)
    # Imported here because it takes a tenth of a second, and few searches have a database.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(
            "the storage is no database URL: write DIALECT://USER:PASSWORD@HOST/NAME, such as sqlite:///studies.db"
        ) from error


def _check_letters(text: str) -> None:
    """Refuse what no URL can hold: bytes of a file's name that are not UTF-8.

    Raises:
        SettingsError: there are some.
    """
    if not text.isascii() and text.encode(errors="ignore").decode() != text:
        raise SettingsError(
            f"the storage cannot be in {readable(text)}, whose name is not UTF-8: put the database into another folder"
        )
