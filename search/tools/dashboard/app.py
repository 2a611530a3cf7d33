"""Makes Optuna's dashboard for the studies of a run."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from packtune.study.storages.read_only import ReadOnlyStorage


def dashboard_of(storage: ReadOnlyStorage) -> WSGIApplication:
    """Make the application; its packages take a second to import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the dashboard may change one day
        from optuna_dashboard import wsgi

        app: WSGIApplication = wsgi(storage)
    return app
