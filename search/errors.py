"""All errors for a reason that the user can mend.

    PacktuneError
    ├── SettingsError          a setting that is not allowed, or that fits no other
    ├── SpaceError             a space that cannot be searched
    ├── RunError               a run that is missing, is in use, or cannot be read or written
    │   └── NameTaken          a run that exists already
    ├── ClusterError           Ray cannot be reached, or has too little for one worker
    ├── DataError              a data set that cannot be used, or an optional package that it needs is missing
    │   ├── UnknownDataset     no data set has that name
    │   ├── MissingFiles       a file or folder is not there, or cannot be opened
    │   ├── CorruptFile        a file is there, but its content is not what it should be
    │   └── DownloadFailed     no mirror gave the right file
    ├── ModelFileError         a file that is no model of packtune's
    ├── ExportError            a model that cannot be written in a format, or the package for it is missing
    └── NetworkError           a network of the user's own that cannot be built, called or trained

Each message says what was wrong, what was given, what is allowed and what to do. The command line prints it and
exits with 2. This module imports nothing of packtune, so that every other one may import it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PacktuneError(Exception):
    """Base of all errors that the user can mend."""


class SettingsError(PacktuneError):
    """A setting that is not allowed, or that does not fit another."""


class SpaceError(PacktuneError):
    """A space that cannot be searched."""


class RunError(PacktuneError):
    """A run that is missing, is in use, or cannot be read or written."""


class NameTaken(RunError):
    """A run of that name exists already."""


class ClusterError(PacktuneError):
    """Ray cannot be reached, or has too little for one worker."""


class DataError(PacktuneError):
    """A data set that cannot be used, or an optional package that it needs is missing."""


class UnknownDataset(DataError):
    """No data set has that name."""


class MissingFiles(DataError):
    """A file or folder is not there, or cannot be opened."""


class CorruptFile(DataError):
    """A file is there, but its content is not what it should be."""


class DownloadFailed(DataError):
    """No mirror gave the right file."""


class ModelFileError(PacktuneError):
    """A file that is no model of packtune's."""


class ExportError(PacktuneError):
    """A model that cannot be written in a format, or the optional package for it is missing."""


class NetworkError(PacktuneError):
    """A network of the user's own that cannot be built, called or trained."""


def suggest_name(given: str, allowed: Iterable[str]) -> str:
    """Say which name was probably meant and which are allowed, as the end of an error message."""
    names = [str(name) for name in allowed]
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return f"{meant} Allowed: {', '.join(names)}."
