"""Which folder a study belongs to: noted in the study, so that a copy of the folder is told from it."""

from __future__ import annotations

import os
from pathlib import Path

from optuna.storages import BaseStorage

from packtune.toml_text import path_from_text, path_to_text

FOLDER = "run_folder"


class FolderNote:
    """What a study notes of the folder of its run. Optuna's tools do not show it."""

    def __init__(self, storage: BaseStorage, study: int) -> None:
        self._storage = storage
        self._study = study

    def read(self) -> Path | None:
        """Give the folder that was noted, an absolute path; none if none was."""
        noted = self._storage.get_study_system_attrs(self._study).get(FOLDER)
        return Path(path_from_text(noted)) if isinstance(noted, str) else None

    def write(self, folder: Path) -> None:
        """Note the folder, unless it is noted already."""
        if self.read() != folder.absolute():
            self._storage.set_study_system_attr(self._study, FOLDER, path_to_text(os.fspath(folder.absolute())))
