"""The studies of one run as other programs may see them: they can be read, while a search goes on, and not written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from optuna.storages import BaseStorage

from packtune.errors import RunError
from packtune.study.study import RUN_ID


@BaseStorage.register  # programs look whether it is one; a subclass would have to define each method
class ReadOnlyStorage:
    """An Optuna storage that passes on what only reads.

    Args:
        name, run_id: of the run; its studies are the only ones that are listed. The id may be empty.
    """

    def __init__(self, storage: BaseStorage, name: str, run_id: str) -> None:
        self._storage = storage
        self._name = name
        self._run_id = run_id

    def get_all_studies(self) -> Sequence[object]:
        """List the studies of the run: that of its trials, and those of its confirmations."""
        return [
            study
            for study in self._storage.get_all_studies()
            if study.study_name == self._name or (self._run_id and study.user_attrs.get(RUN_ID) == self._run_id)
        ]

    def __getattr__(self, name: str) -> Callable[..., object]:
        """Give a method that reads; in place of any other, one that refuses."""
        if name.startswith("_"):
            raise AttributeError(name)
        if not name.startswith("get_"):
            return _refuse
        method: Callable[..., object] = getattr(self._storage, name)
        return method


def _refuse(*args: object, **options: object) -> NoReturn:
    raise RunError("this study can only be read here: it belongs to its search, which nothing else may disturb")
