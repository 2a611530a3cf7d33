"""Serves a web application on this machine alone, until it is stopped."""

from __future__ import annotations

import errno
import os
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import WSGIApplication

from packtune.errors import SettingsError
from packtune.tools.dashboard.guarded import guarded

HOST = "127.0.0.1"
HIGHEST_PORT = 65535


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # an answer that hangs does not keep the program from ending


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print no line a request."""


@contextmanager
def listening(app: WSGIApplication, port: int) -> Iterator[_Server]:
    """Listen at a port of this machine; the server answers once `serve_forever` is called.

    Args:
        port: 1 to 65535; 0 for one that is free.

    Raises:
        SettingsError: there is no such port, or another program has it.
    """
    if not 0 <= port <= HIGHEST_PORT:
        raise SettingsError(f"port = {port} is not allowed: give 1 to {HIGHEST_PORT}, or leave it out for a free one")
    try:
        server = make_server(HOST, port, app, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        raise SettingsError(f"cannot listen at port {port}: {_why(error)}: leave --port out for a free one") from error
    with server:
        server.set_app(guarded(app, [f"{name}:{server.server_port}" for name in (HOST, "localhost")]))
        yield server


def _why(error: OSError) -> str:
    return "another program has it" if error.errno == errno.EADDRINUSE else error.strerror or str(error)


def show_in_browser(url: str) -> None:
    """Open a page in the browser, where there is a screen for one; never waits."""
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
