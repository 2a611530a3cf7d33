"""The errors of this package, all with one base class."""

from __future__ import annotations


class DataError(Exception):
    """A data set that cannot be used; the message says what, given, allowed, what to do.

    The tree:

        DataError
        ├── UnknownDataset    no data set has that name
        ├── MissingFiles      a file or folder is not there, or cannot be opened
        ├── CorruptFile       a file is there, but its content is not what it should be
        └── DownloadFailed    no mirror gave the right file

    A `DataError` itself is raised where an optional package is not installed.
    """


class UnknownDataset(DataError):
    """No data set has that name."""


class MissingFiles(DataError):
    """A file or folder is not there, or cannot be opened."""


class CorruptFile(DataError):
    """A file is there, but its content is not what it should be."""


class DownloadFailed(DataError):
    """No mirror gave the right file."""
