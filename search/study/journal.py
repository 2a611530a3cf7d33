"""A journal file as Optuna's storage: one writer, whole records, and batches that one write makes durable."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from packtune.errors import RunError

MOST_SHOWN = 200


class Journal(JournalFileBackend):
    """A journal file with one writer.

    What was written is not read again, and a batch is written at once. The file holds whole records even when the disk
    is full. After a record that could not be written, no other record is taken.

    Attributes:
        failure: why nothing more is written; none while all is well.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), lock_obj=_NoLock(str(path)))
        self.failure: RunError | None = None
        self._path = path
        self._n_bytes: int | None = None  # of the file, once it has been read
        self._n_records = 0  # in the file or held back
        self._unread: list[bytes] = []  # the last of them, which Optuna has not taken in yet
        self._held: list[bytes] = []
        self._depth = 0

    def read_logs(self, log_number_from: int) -> Generator[dict[str, object], None, None]:
        """Give Optuna the records from this number on."""
        if self._n_bytes is None:
            for log in super().read_logs(log_number_from):
                self._n_records += 1
                yield log
            self._n_bytes = self._path.stat().st_size
            return
        unread, self._unread = self._unread[log_number_from - self._n_records :], []
        for line in unread if log_number_from < self._n_records else []:
            yield json.loads(line)

    def append_logs(self, logs: list[dict[str, object]]) -> None:
        """Take Optuna's next records."""
        lines = [json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs]
        with self.batch():
            self._held += lines
        self._unread += lines
        self._n_records += len(lines)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Hold records back, and write them at the end of the outermost batch.

        Raises:
            RunError: they could not be written, or another process writes to the file.
        """
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
            self._append(content)
        except RunError as error:
            self.failure = error
            raise

    def _append(self, content: bytes) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(self._path, self._n_bytes or 0)
            raise RunError(
                f"cannot write the study {self._path}: {error.strerror}. Free some space or check the folder's "
                "permissions, then resume; nothing that was recorded is lost"
            ) from error
        self._n_bytes = (self._n_bytes or 0) + len(content)

    def _check_size(self) -> None:
        size = self._path.stat().st_size
        if size != self._n_bytes:
            raise RunError(
                f"the study {self._path} has {size:,} bytes where {self._n_bytes:,} were to be: another process "
                "writes to it. Stop that one, then resume"
            )


class _NoLock(JournalFileOpenLock):
    """No lock of the journal's own: the lock of the run keeps other writers out, and a crash frees it."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def open_journal(path: Path) -> tuple[BaseStorage, Journal]:
    """Open a journal to write to it. A last record that a crash left unfinished is cut off.

    Raises:
        RunError: the file cannot be opened, or is damaged.
    """
    _cut_torn_record(path)
    with _naming_damage(path):
        journal = Journal(path)
        return JournalStorage(journal), journal


def read_journal(path: Path) -> BaseStorage:
    """Open a journal to read it, while a search may be writing to it. One that is not there has no studies.

    Raises:
        RunError: the file cannot be opened, or is damaged.
    """
    if not path.exists():
        return InMemoryStorage()  # Optuna would make the file
    with _naming_damage(path):
        return JournalStorage(JournalFileBackend(str(path), lock_obj=_NoLock(str(path))))


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Optuna warns of values that no study of ours has
            yield
    except OSError as error:
        raise RunError(f"cannot open the study {path}: {error.strerror}: check the folder's permissions") from error
    except Exception as error:  # a damaged record makes Optuna raise a dozen types of error, assertions among them
        what = f"{type(error).__name__}: {error}".rstrip(": ")[:MOST_SHOWN]
        raise RunError(f"the study {path} is damaged ({what!r}): restore it from a copy") from error


def _cut_torn_record(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("rb+") as file:
            file.truncate(content.rfind(b"\n") + 1)
            os.fsync(file.fileno())
