"""Lets a web application be read, and by this machine alone. Knows nothing of what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

READS = ("GET", "HEAD")
FORBIDDEN = "403 Forbidden"


def guarded(app: WSGIApplication, hosts: Iterable[str]) -> WSGIApplication:
    """Give an application that answers only requests that change nothing.

    Args:
        hosts: by which it is called, each with its port. A page of another site that has its own name lead to this
            machine (DNS rebinding) is refused by that.
    """
    allowed = frozenset(hosts)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in READS:
            return _refuse(start_response, "this dashboard can only be read: it changes nothing of the search")
        if environ.get("HTTP_HOST") not in allowed:
            return _refuse(start_response, f"this dashboard answers only at {' or '.join(sorted(allowed))}")
        return app(environ, start_response)

    return answer


def _refuse(start_response: Callable[..., object], reason: str) -> Iterable[bytes]:
    """Refuse a request; the dashboard's page shows the reason."""
    content = json.dumps({"reason": reason}).encode()
    start_response(FORBIDDEN, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
