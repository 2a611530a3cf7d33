"""What several test files share: MNIST's folder, small splits, and a real web server on this machine."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from packtune.data.dataset import Split

MNIST_DIR = Path(__file__).parents[2].parent / "shared" / "data" / "mnist"

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    if not MNIST_DIR.is_dir():
        pytest.skip(f"MNIST's files are not in {MNIST_DIR}")
    return MNIST_DIR


@pytest.fixture
def make_split():
    """Make a split of `n` images of one size; image i is filled with the number i."""

    def make(n: int, *, height: int = 28, width: int = 28, heads: int = 1, start: int = 0) -> Split:
        numbers = torch.arange(start, start + n)
        images = numbers.to(torch.uint8)[:, None, None, None].expand(n, 1, height, width).clone()
        return Split(inputs=images, labels=(numbers % 10)[:, None].expand(n, heads).clone())

    return make


@dataclass(kw_only=True)
class Mirror:
    """A web server that gives files, and that can be told to behave badly.

    Attributes:
        url: its address.
        files: content by file name.
        ranges: whether it understands Range headers.
        cut_after: bytes after which it breaks a connection, or None.
        tells_size: whether it sends a Content-Length.
        requested_ranges: the Range header of each request, "" where there was none.
    """

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut_after: int | None = None
    tells_size: bool = True
    requested_ranges: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        mirror = self.server.mirror
        asked = self.headers.get("Range", "")
        mirror.requested_ranges.append(asked)
        content = mirror.files.get(self.path.rpartition("/")[2])
        if content is None:
            self.send_error(404)
            return
        match = re.fullmatch(r"bytes=(\d+)-", asked) if mirror.ranges else None
        start = int(match[1]) if match else 0
        if match and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if match else 200)
        if match:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if mirror.tells_size:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: mirror.cut_after])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output clean."""


class _Server(ThreadingHTTPServer):
    mirror: Mirror


@pytest.fixture
def make_mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Start web servers on free ports of this machine; they end with the test."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def make(**behaviour) -> Mirror:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.mirror = Mirror(url=f"http://127.0.0.1:{server.server_port}/files/", **behaviour)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return server.mirror

    yield make
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()
