"""Where studies are kept: a journal file of the run's own, or a database. One process writes to a study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from optuna.storages import BaseStorage, InMemoryStorage

from packtune.proposals.from_optuna.space import quiet_optuna
from packtune.study.journal import Journal, open_journal, read_journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """An open storage of studies.

    Attributes:
        optuna: the storage as Optuna has it.
        journal: the file behind it; none if it is a database, or only read.
    """

    optuna: BaseStorage
    journal: Journal | None = None

    def batch(self) -> AbstractContextManager[None]:
        """Make the records of a block durable together at its end, by one write, where they go to a journal.

        After a crash a first part of them is left. A database makes each record durable by itself.
        """
        return nullcontext() if self.journal is None else self.journal.batch()

    def check_written(self) -> None:
        """Make sure that each record has been written.

        Raises:
            RunError: one could not be written.
        """
        if self.journal is not None and self.journal.failure is not None:
            raise self.journal.failure


@contextmanager
def open_storage(journal: Path, url: str | None, *, read_only: bool = False) -> Iterator[Storage]:
    """Open a storage of studies: the database of a URL, or a journal file if there is no URL.

    Args:
        read_only: promise to write nothing, so that a search may be writing meanwhile. A database that does not exist
            is then one without studies.

    Raises:
        SettingsError: the URL cannot be understood, or the database cannot be reached.
        RunError: the journal cannot be read or written, or the database stopped answering meanwhile.
    """
    quiet_optuna()
    if url is not None:
        with _open_database(url, read_only=read_only) as storage:
            yield Storage(optuna=storage)
    elif read_only:
        yield Storage(optuna=read_journal(journal))
    else:
        opened, file = open_journal(journal)
        yield Storage(optuna=opened, journal=file)


@contextmanager
def _open_database(url: str, *, read_only: bool) -> Iterator[BaseStorage]:
    from packtune.study.database import has_no_tables, open_database  # SQLAlchemy, which few searches need

    if read_only and has_no_tables(url):
        yield InMemoryStorage()  # has no study either
        return
    with open_database(url) as storage:
        yield storage
