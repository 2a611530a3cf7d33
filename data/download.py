"""Downloading a file from the first mirror that has it. Knows nothing about the file's content."""

from __future__ import annotations

import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from packtune.data.files import MAX_BYTES
from packtune.errors import DataError, DownloadFailed

Progress = Callable[[str, int, int | None], None]
"""Called with the file's name, the bytes received so far, and the bytes in total if the server sends that."""

Verify = Callable[[bytes], None]
"""Called with the content of a file; raises a `DataError` if it is not the right file."""

CHUNK_BYTES = 1 << 16


class _MirrorFailed(Exception):
    """A mirror did not send the file; the message says why."""


def fetch(
    mirrors: Sequence[str],
    destination: Path,
    *,
    verify: Verify,
    progress: Progress | None = None,
    timeout_s: float = 30,
) -> None:
    """Download the file with the name of `destination` from the first mirror that sends the right content.

    If a connection is cut, the bytes received so far stay in `<destination>.part`. The next mirror, or the next run,
    continues from them. `destination` never has content that was not verified.

    Args:
        mirrors: addresses of folders, tried in order; the name of the file is added to each.
        destination: the file to write; its folder is made if it is missing.
        verify: raises a `DataError` if the content is not that of the right file.
        progress: called before the first and after each chunk.
        timeout_s: the longest wait for an answer or for the next chunk, in seconds.

    Raises:
        DownloadFailed: no mirror sent the right file, or the file could not be written.
    """
    part = destination.with_name(destination.name + ".part")
    report = progress or _ignore
    reasons = []
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors:
            url = f"{mirror.rstrip('/')}/{destination.name}"
            try:
                _fetch_part(url, part, verify=verify, report=report, timeout_s=timeout_s)
            except _MirrorFailed as failure:
                reasons.append(f"\n  {url}: {failure}")
            else:
                os.replace(part, destination)
                return
    except OSError as error:
        raise DownloadFailed(
            f"cannot write the download {destination}: {error.strerror or error}: check the permissions and the free "
            "space, or download the file by hand and give its folder with --data-dir"
        ) from error
    raise DownloadFailed(
        f"cannot download {destination.name}: no mirror sent the right file, of {len(reasons)} that were tried. Check "
        f"the network and run again (a cut download continues where it stopped), or download the file by hand and "
        f"give its folder with --data-dir.{''.join(reasons)}"
    )


def _fetch_part(url: str, part: Path, *, verify: Verify, report: Progress, timeout_s: float) -> None:
    resumed = _receive(url, part, report=report, timeout_s=timeout_s)
    try:
        _check(part, verify)
    except _MirrorFailed:
        if not resumed:
            raise
        # The bytes of an earlier run may be wrong. They are removed now, so this downloads the entire file.
        _receive(url, part, report=report, timeout_s=timeout_s)
        _check(part, verify)


def _receive(url: str, part: Path, *, report: Progress, timeout_s: float) -> bool:
    """Write the bytes from the mirror to `part`; return whether they continue bytes of an earlier run."""
    name = part.name.removesuffix(".part")
    with _open(url, _resumable_bytes(part), timeout_s) as response, part.open("ab") as file:
        start, total = _placement(response)
        if start > file.tell():
            raise _MirrorFailed(f"sent bytes from {start:,} on, but only {file.tell():,} bytes were received before")
        file.truncate(start)
        position = start
        report(name, position, total)
        for chunk in _chunks(response):
            file.write(chunk)
            position += len(chunk)
            report(name, position, total)
            if position > MAX_BYTES:
                raise _MirrorFailed(f"sent more than {MAX_BYTES:,} bytes")
        file.flush()
        os.fsync(file.fileno())
    if total is not None and position < total:
        raise _MirrorFailed(f"the connection was cut after {position:,} of {total:,} bytes")
    return start > 0


def _check(part: Path, verify: Verify) -> None:
    try:
        verify(part.read_bytes())
    except DataError as error:
        part.unlink()
        raise _MirrorFailed(f"sent the wrong content: {error}") from error


def _open(url: str, offset: int, timeout_s: float) -> http.client.HTTPResponse:
    headers = {"User-Agent": "packtune"} | ({"Range": f"bytes={offset}-"} if offset else {})
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout_s
        )
        return response
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            return _open(url, 0, timeout_s)
        raise _MirrorFailed(f"answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _MirrorFailed(str(error.reason)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _MirrorFailed(str(error) or type(error).__name__) from error


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the response in chunks. Network errors become `_MirrorFailed`, to tell them from errors of writing."""
    while True:
        try:
            chunk = response.read(CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _MirrorFailed(f"the connection was cut: {error or type(error).__name__}") from error
        if not chunk:
            return
        yield chunk


def _placement(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Read the offset of the first byte in the response, and the size of the file if the server sends it."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    content_range = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
    if not match:
        raise _MirrorFailed(f"answered 206 with an invalid Content-Range {content_range!r}")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _resumable_bytes(part: Path) -> int:
    size = part.stat().st_size if part.exists() else 0
    return size if size <= MAX_BYTES else 0


def _ignore(name: str, n_bytes: int, total_bytes: int | None) -> None:
    """Report no progress."""
