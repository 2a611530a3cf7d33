"""Disks that are full or read-only, and databases that stop: an error in words, and the study stays whole."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from kills import check_kept
from moments import Moments
from postgres import PASSWORD, PostgresServer, find_binaries
from searches import TIMEOUT_S, Search, undisturbed

BIG_DISK = 20_000
"""KiB: more than a search needs."""


class NotHere(Exception):
    """This machine lacks what the fault needs."""


def full_disk(tries: int, draws: random.Random, folder: Path) -> str:
    """Search on disks that are too small, or that another program fills at a moment of each stage."""
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    sizes = sorted(draws.sample(range(8, 44, 4), max(1, tries // 3)))
    for n, kilobytes in enumerate([*sizes, *[BIG_DISK] * (tries - len(sizes))]):
        with _small_disk(folder / f"disk-{n}", kilobytes=kilobytes) as disk:
            search = Search(disk, "full")
            process = search.start(plan={"delay_s": 2.0, "seed": draws.random()})
            with contextlib.ExitStack() as stack:
                if kilobytes == BIG_DISK and moments.wait(search, process, draws):
                    stack.enter_context(_filled(disk))
                fails_with(process, "No space left", "results/runs/full")
                before = search.recorded()
            _remount(disk, "size=20m")
            search.finish()
            check_kept(before, search.recorded())
            search.check(calm)
    return (
        f"disks of {', '.join(map(str, sizes))} KiB, and disks filled in mid-search: {moments}; after more space the "
        "search ended as the undisturbed one"
    )


@contextlib.contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """Leave no byte free on a disk."""
    other = disk / "other"
    with other.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        other.unlink()


def read_only_folder(tries: int, draws: random.Random, folder: Path) -> str:
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    for n in range(tries):
        with _small_disk(folder / f"read-only-{n}", kilobytes=BIG_DISK) as disk:
            search = Search(disk, "read-only")
            _remount(disk, "ro")
            fails_with(search.start(), "Read-only file system", "results")
            _remount(disk, "rw")
            process = search.start(plan={"delay_s": 2.0, "seed": draws.random()})
            assert moments.wait(search, process, draws), "the search ended too soon"
            # What the search has open for writing keeps its disk writable: a read-only view is laid over it.
            with _read_only_view(search.run_folder.path):
                fails_with(process, "Read-only file system", str(search.run_folder.path.relative_to(disk)))
                before = search.recorded()
                fails_with(search.start(), "Read-only file system", str(search.run_folder.path.relative_to(disk)))
                fails_with(search.start("--trials", "+4"), "Read-only file system", "results/runs/read-only")
            assert search.recorded() == before
            search.finish()
            check_kept(before, search.recorded())
            search.check(calm)
    return f"before the search, in its midst ({moments}), when it is resumed and when it is extended"


def stopped_storage_server(tries: int, draws: random.Random, folder: Path) -> str:
    binaries = find_binaries()
    if binaries is None:
        raise NotHere("no PostgreSQL server is installed")
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    server = PostgresServer(binaries)
    unnoticed = 0
    try:
        server.start()
        for n in range(tries):
            search = Search(folder, f"server-{n}", url=server.url)
            process = search.start(plan={"delay_s": 2.0, "seed": draws.random()})
            moments.wait(search, process, draws)
            server.stop()
            if n % 2:
                server.start()
            _, talk = process.communicate(timeout=300)
            if n % 2 == 0:
                server.start()
            if process.returncode:
                assert process.returncode == 2, talk
                assert "stopped answering" in talk, talk
                assert PASSWORD not in talk, talk
            unnoticed += process.returncode == 0
            before = search.recorded()
            search.finish()
            check_kept(before, search.recorded())
            search.check(calm)
    finally:
        server.remove()
    return (
        f"PostgreSQL stopped in mid-search: {moments}; every other time started again at once; {unnoticed} searches "
        "went on"
    )


def no_reader(tries: int, draws: random.Random, folder: Path) -> str:
    """Let a search talk to a full device, print its result into a pipe without a reader, or both and be stopped."""
    calm = undisturbed(folder)
    moments = Moments(Search(folder, "calm"))
    for n in range(tries):
        search = Search(folder, f"no-reader-{n}")
        with open("/dev/full", "wb") as full, _closed_pipe() as closed:
            stdout, stderr = ((subprocess.DEVNULL, full), (closed, subprocess.DEVNULL), (closed, full))[n % 3]
            process = search.start(plan={"delay_s": 1.0, "seed": draws.random()}, stdout=stdout, stderr=stderr)
            if n % 3 == 2:
                moments.wait(search, process, draws)
                process.terminate()
            # That nobody got the result is an error; the tables are there all the same.
            code = process.wait(timeout=TIMEOUT_S)
            assert code == (2 if n % 3 else 0), (n, code)
        before = search.recorded()
        assert search.is_finished() or n % 3 == 2
        assert search.run_folder.trials_csv.exists()
        search.finish()
        check_kept(before, search.recorded())
        search.check(calm)
    kinds = ("stderr on a full device", "stdout a pipe without a reader", f"both, and SIGTERM: {moments}")
    return f"{'; '.join(kinds[:tries])}; each time resumed"


@contextlib.contextmanager
def _closed_pipe() -> Iterator[IO[bytes]]:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stream:
        yield stream


def fails_with(process: subprocess.Popen[str], *words: str) -> None:
    """Wait for an error in words.

    Raises:
        AssertionError: it ended otherwise.
    """
    _, talk = process.communicate(timeout=300)
    assert process.returncode == 2, (process.returncode, talk)
    assert all(word in talk for word in words), talk
    assert "Traceback" not in talk, talk


@contextlib.contextmanager
def _small_disk(disk: Path, *, kilobytes: int) -> Iterator[Path]:
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        raise NotHere("a small disk can only be mounted by root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


@contextlib.contextmanager
def _read_only_view(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
