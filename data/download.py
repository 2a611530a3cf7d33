"""Downloading one file from the first mirror that has it. Knows nothing about what is in it."""

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
"""Called with the file's name, the bytes there so far, and the bytes in total if the server tells."""

Verify = Callable[[bytes], None]
"""Called with a file's whole content; raises a `DataError` if it is not the right one."""

CHUNK_BYTES = 1 << 16


class _MirrorFailed(Exception):
    """One mirror did not give the file; the message says why."""


def fetch(
    mirrors: Sequence[str],
    destination: Path,
    *,
    verify: Verify,
    progress: Progress | None = None,
    timeout_s: float = 30,
) -> None:
    """Download the file named like `destination` from the first mirror that gives the right content.

    What a cut connection left behind stays in `<destination>.part`, and the next mirror or run goes on from
    there. `destination` itself only ever holds verified content.

    Args:
        mirrors: addresses of folders, tried in order; the file's name is added to each.
        destination: the file to write; its folder is made if need be.
        verify: raises a `DataError` if the content is not the right one.
        progress: called before the first and after each piece.
        timeout_s: the longest wait for an answer or the next piece, in seconds.

    Raises:
        DownloadFailed: no mirror gave the right file, or it could not be written.
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
            f"A download cannot be written: {destination} given ({error.strerror or error}), a writable "
            "place with room for it allowed. Free the place, or download the file by hand and pass its "
            "folder with --data-dir."
        ) from error
    raise DownloadFailed(
        f"A file could not be downloaded: {destination.name} was asked of {len(reasons)} mirrors, one that "
        f"gives the right file is needed. Check the network and run again (a cut download goes on where it "
        f"stopped), or download the file by hand and pass its folder with --data-dir.{''.join(reasons)}"
    )


def _fetch_part(url: str, part: Path, *, verify: Verify, report: Progress, timeout_s: float) -> None:
    resumed = _receive(url, part, report=report, timeout_s=timeout_s)
    try:
        _check(part, verify)
    except _MirrorFailed:
        if not resumed:
            raise
        # The piece from an earlier run may be what is wrong, and it is gone now: ask for all of it.
        _receive(url, part, report=report, timeout_s=timeout_s)
        _check(part, verify)


def _receive(url: str, part: Path, *, report: Progress, timeout_s: float) -> bool:
    """Write what the mirror sends to `part`; tell whether it went on from an earlier piece."""
    name = part.name.removesuffix(".part")
    with _open(url, _resumable_bytes(part), timeout_s) as response, part.open("ab") as file:
        start, total = _placement(response)
        if start > file.tell():
            raise _MirrorFailed(f"sent bytes from {start:,} on where {file.tell():,} were there")
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
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout_s)
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
    """Read to the end; network errors come out apart from those of writing the file."""
    while True:
        try:
            chunk = response.read(CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _MirrorFailed(f"the connection was cut: {error or type(error).__name__}") from error
        if not chunk:
            return
        yield chunk


def _placement(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Tell the position of the first byte to come, and the file's size if the server tells."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    content_range = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
    if not match:
        raise _MirrorFailed(f"answered 206 with the unusable Content-Range {content_range!r}")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _resumable_bytes(part: Path) -> int:
    size = part.stat().st_size if part.exists() else 0
    return size if size <= MAX_BYTES else 0


def _ignore(name: str, n_bytes: int, total_bytes: int | None) -> None:
    """Report to nobody."""
