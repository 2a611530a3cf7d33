"""Where studies are kept: a journal file of the run's own, or a database. One process writes to a study."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from packtune.errors import RunError, SettingsError
from packtune.study.storage_url import hide_password, hide_secrets, sqlite_file

Storage = optuna.storages.BaseStorage
MOST_SHOWN = 200
# Two searches that begin at the same moment in an empty database both make its tables.
OPENING_TRIES = 20
OPENING_PAUSE_S = 0.2


@contextmanager
def open_storage(journal: Path, url: str | None, *, read_only: bool = False) -> Iterator[Storage]:
    """Open the storage of studies: a journal file, or the database of a URL.

    Args:
        read_only: promise to write nothing, so that a search may be writing meanwhile. A database that is not there
            is then one without studies.

    Raises:
        SettingsError: the URL cannot be understood, or the database not be reached.
        RunError: the journal cannot be read or written, or the database stopped answering meanwhile.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url is None:
        if not read_only:
            _cut_torn_line(journal)
        yield _open_journal(journal, read_only=read_only)
        return
    shown = hide_password(url)
    if read_only and _has_no_tables(url, shown):
        yield optuna.storages.InMemoryStorage()  # has no study either
        return
    storage = _open_database(url, shown)
    try:
        yield storage
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise RunError(
            f"the storage {shown} stopped answering: {_reason(error, url)}. Start it again and resume; nothing that "
            "was told to it is lost"
        ) from error
    finally:
        with suppress(SQLAlchemyError):
            storage.engine.dispose()


def _open_journal(journal: Path, *, read_only: bool) -> Storage:
    lock = _HeldElsewhere(str(journal))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # of values that no study of ours has
            backend = JournalFileBackend if read_only else _Journal
            return optuna.storages.JournalStorage(backend(str(journal), lock_obj=lock))
    except OSError as error:
        raise RunError(f"cannot open the study {journal}: {error.strerror}: check the folder's permissions") from error
    except Exception as error:  # a damaged record makes Optuna raise a dozen types of error, assertions among them
        what = f"{type(error).__name__}: {error}".rstrip(": ")[:MOST_SHOWN]
        raise RunError(f"the study {journal} is damaged ({what!r}): restore it from a copy") from error


def _open_database(url: str, shown: str) -> optuna.storages.RDBStorage:
    with _saying_why(url, shown):
        _make_tables(url)
        # A server that was restarted between two questions is asked again over a new connection.
        return optuna.storages.RDBStorage(url, engine_kwargs={"pool_pre_ping": True})


def _has_no_tables(url: str, shown: str) -> bool:
    """Tell whether a database is empty, or an SQLite file not there, without making anything."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return True
    with _saying_why(url, shown):
        engine = create_engine(url, poolclass=NullPool)
        return not inspect(engine).has_table("studies")


@contextmanager
def _saying_why(url: str, shown: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, ImportError) as error:
        raise SettingsError(
            f"cannot open the storage {shown}: {_reason(error, url)}. Give the URL of a database that runs, such as "
            "sqlite:///studies.db or postgresql+psycopg://user@host/name, or leave --storage out for a journal file"
        ) from error


def _make_tables(url: str) -> None:
    """Make the tables of a database that has none, though another search may be making them at this moment."""
    for tries_left in reversed(range(OPENING_TRIES)):
        try:
            optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
            return
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            raced = any(words in str(error) for words in ("already exists", "duplicate key", "UNIQUE constraint"))
            if not raced or not tries_left:
                raise
            time.sleep(OPENING_PAUSE_S)


def _reason(error: BaseException, url: str) -> str:
    """Give the first line of what the database itself said, without the URL's passwords."""
    while error.__cause__ is not None and getattr(error, "orig", None) is None:
        error = error.__cause__
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return hide_secrets(lines[0] if lines else type(error).__name__, url)


class _Journal(JournalFileBackend):
    """A journal with one writer: what it wrote it need not read again, and what belongs together is written at once.

    It holds whole records even when the disk is full; after a record that could not be written it takes no other.
    """

    def __init__(self, path: str, *, lock_obj: JournalFileOpenLock) -> None:
        super().__init__(path, lock_obj=lock_obj)
        self._bytes: int | None = None  # of the file, once it has been read
        self._records = 0  # in the file or held back
        self._unread: list[bytes] = []  # the last of them, which Optuna has not taken in yet
        self._held: list[bytes] = []
        self._depth = 0
        self.failure: RunError | None = None  # after which nothing more is written

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        if self._bytes is None:
            for log in super().read_logs(log_number_from):
                self._records += 1
                yield log
            self._bytes = os.path.getsize(self._file_path)
            return
        unread, self._unread = self._unread[log_number_from - self._records :], []
        for line in unread if log_number_from < self._records else []:
            yield json.loads(line)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines = [json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs]
        with self.at_once():
            self._held += lines
        self._unread += lines
        self._records += len(lines)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Hold back what is appended within, and write it at the end of the outermost block."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0 and self._held:
                held, self._held = self._held, []
                self._write(b"".join(held))

    def _write(self, content: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        try:
            self._check_size()
            with open(self._file_path, "ab") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._bytes = (self._bytes or 0) + len(content)
        except OSError as error:
            with suppress(OSError):
                os.truncate(self._file_path, self._bytes or 0)
            self.failure = RunError(
                f"cannot write the study {self._file_path}: {error.strerror}. Free some space or check the folder's "
                "permissions, then resume; nothing that was recorded is lost"
            )
            raise self.failure from error
        except RunError as error:
            self.failure = error
            raise

    def _check_size(self) -> None:
        size = os.path.getsize(self._file_path)
        if size != self._bytes:
            raise RunError(
                f"the study {self._file_path} has {size:,} bytes where {self._bytes:,} were to be: another process "
                "writes to it. Stop that one, then resume"
            )


def write_at_once(storage: Storage) -> AbstractContextManager[None]:
    """Make what is written within durable at its end, by one write, where the storage is a journal.

    After a crash some first part of it is left. A database makes each record durable by itself.
    """
    backend = getattr(storage, "_backend", None)
    return backend.at_once() if isinstance(backend, _Journal) else nullcontext()


def check_written(storage: Storage) -> None:
    """Make sure that a journal holds all that its storage knows; a database does.

    Raises:
        RunError: something could not be written.
    """
    backend = getattr(storage, "_backend", None)
    if isinstance(backend, _Journal) and backend.failure is not None:
        raise backend.failure


class _HeldElsewhere(JournalFileOpenLock):
    """No lock of the journal's own: the run's lock already keeps other writers out, and is freed by a crash."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _cut_torn_line(journal: Path) -> None:
    """Cut off a last line that a crash left unfinished."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    if content and not content.endswith(b"\n"):
        with journal.open("rb+") as file:
            file.truncate(content.rfind(b"\n") + 1)
            os.fsync(file.fileno())
