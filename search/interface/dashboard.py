"""Optuna's dashboard on a run: found, opened to be read, and served until it is stopped."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from packtune.errors import SettingsError
from packtune.run.folder import Run
from packtune.study.storage import open_storage
from packtune.study.storages.read_only import ReadOnlyStorage
from packtune.study.study import find_study
from packtune.tools.dashboard.app import dashboard_of
from packtune.tools.dashboard.server import HOST, listening
from packtune.tools.options import check_installed


def check_dashboard() -> None:
    """Make sure that the dashboard's package is there.

    Raises:
        SettingsError: it is not.
    """
    check_installed("optuna_dashboard", extra="dashboard", option="the dashboard")


def serve_dashboard(run: Run, *, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the dashboard on this machine until a KeyboardInterrupt, which is passed on.

    A search may go on meanwhile: it is shown as it is recorded, and cannot be changed from the page.

    Args:
        port: 1 to 65535; 0 for one that is free.
        on_ready: told the URL of the run's page, once it can be opened.

    Raises:
        SettingsError: the package is not installed, the run has no study yet, or the port cannot be used.
        RunError: the study cannot be read.
    """
    check_dashboard()
    settings = run.settings
    with open_storage(run.folder.journal, settings.resources.storage, read_only=True) as storage:
        name = find_study(storage, settings.name, settings.run_id)
        if name is None:
            raise SettingsError(
                f"the run {run.folder.name!r} has no study yet: begin it with `{run.folder.command('resume')}`"
            )
        studies = ReadOnlyStorage(storage.optuna, name, settings.run_id)
        number = storage.optuna.get_study_id_from_name(name)
        with listening(dashboard_of(studies), port) as server:
            on_ready(f"http://{HOST}:{server.server_port}/dashboard/studies/{number}")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Optuna's, about hyperparameters that few trials have
                server.serve_forever()
