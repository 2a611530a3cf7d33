"""A database as Optuna's storage. Its errors are named without the passwords in its URL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from packtune.errors import RunError, SettingsError
from packtune.study.storage_url import hide_password, hide_secrets, sqlite_file

# Two searches that begin at the same moment in an empty database both make its tables.
OPENING_TRIES = 20
OPENING_PAUSE_S = 0.2
ALREADY_MADE = ("already exists", "duplicate key", "UNIQUE constraint")


@contextmanager
def open_database(url: str) -> Iterator[RDBStorage]:
    """Open a database, and make its tables if it has none.

    Raises:
        SettingsError: the URL cannot be understood, or the database cannot be reached.
        RunError: the database stopped answering meanwhile.
    """
    with _explaining(url):
        _make_tables(url)
        # The server may have been restarted between two questions: a connection is tried before it is used.
        storage = RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
    try:
        yield storage
    except (SQLAlchemyError, StorageInternalError) as error:
        raise RunError(
            f"the storage {hide_password(url)} stopped answering: {_reason(error, url)}. Start it again and resume; "
            "nothing that was told to it is lost"
        ) from error
    finally:
        with suppress(SQLAlchemyError):
            storage.engine.dispose()


def has_no_tables(url: str) -> bool:
    """Tell whether a database is empty, or its SQLite file does not exist; nothing is made.

    Raises:
        SettingsError: the URL cannot be understood, or the database cannot be reached.
    """
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return True
    with _explaining(url):
        return not inspect(create_engine(url, poolclass=NullPool)).has_table("studies")


@contextmanager
def _explaining(url: str) -> Iterator[None]:
    """Name the storage that cannot be opened, and say why."""
    shown = hide_password(url)
    try:
        yield
    except (SQLAlchemyError, ImportError) as error:
        raise SettingsError(
            f"cannot open the storage {shown}: {_reason(error, url)}. Give the URL of a database that runs, such as "
            "sqlite:///studies.db or postgresql+psycopg://user@host/name, or leave --storage out for a journal file"
        ) from error


def _make_tables(url: str) -> None:
    """Make the tables of a database that has none; another search may be making them at this moment."""
    for tries_left in reversed(range(OPENING_TRIES)):
        try:
            RDBStorage(url, engine_kwargs={"poolclass": NullPool})
            return
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            made_by_another = any(words in str(error) for words in ALREADY_MADE)
            if not made_by_another or not tries_left:
                raise
            time.sleep(OPENING_PAUSE_S)


def _reason(error: BaseException, url: str) -> str:
    """Give the first line of what the database itself said, without the URL's passwords."""
    while error.__cause__ is not None and getattr(error, "orig", None) is None:
        error = error.__cause__
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return hide_secrets(lines[0] if lines else type(error).__name__, url)
