"""Decoding shared among processes: this one decodes too, and helpers take chunks beside it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from packtune.data.reading.pictures.batches import Batch, fill
from packtune.data.reading.pictures.helper import Helper, HelperLost
from packtune.data.reading.raw import PictureForm, Progress

CHUNK_BYTES = 2**22
MAX_CHUNK = 256
PICTURES_A_PROCESS = 8_000
"""A helper takes as long to start as some 5,000 small pictures to decode, and longer on a busy machine."""
BYTES_A_PROCESS = 2**23
"""Likewise of the files: large pictures are worth a helper sooner."""
MAX_PROCESSES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is to be decoded, taken a chunk at a time by several threads."""

    batch: Batch
    paths: Sequence[str]
    form: PictureForm
    chunk: int
    next_start: list[int] = field(default_factory=lambda: [0])
    returned: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int | None:
        """Take the index at which a chunk begins; none if all are taken."""
        with self.lock:
            if self.returned:
                return self.returned.pop()
            start = self.next_start[0]
            self.next_start[0] = min(start + self.chunk, len(self.paths))
        return start if start < len(self.paths) else None

    def starts(self) -> Iterator[int]:
        while (start := self.take()) is not None:
            yield start

    def paths_from(self, start: int) -> Sequence[str]:
        return self.paths[start : start + self.chunk]

    def stop(self) -> None:
        """Give out no more chunks."""
        with self.lock:
            self.returned.clear()
            self.next_start[0] = len(self.paths)


def decode_all(
    batch: Batch, paths: Sequence[str], form: PictureForm, *, processes: int, progress: Progress | None
) -> None:
    """Decode pictures into a batch.

    Args:
        paths: as many as the batch has places.
        processes: how many may decode, this one included; 1 or more.
        progress: called after each chunk of this process.
    """
    size = max(1, form.channels * form.height * form.width)
    work = _Work(batch=batch, paths=paths, form=form, chunk=max(1, min(MAX_CHUNK, CHUNK_BYTES // size)))
    threads = [threading.Thread(target=_decode_there, args=(work,), daemon=True) for _ in range(processes - 1)]
    for thread in threads:
        thread.start()
    try:
        _decode_here(work, progress)
        for thread in threads:
            thread.join()
        _decode_here(work, progress)  # what a lost helper gave back
    finally:
        work.stop()
    if progress is not None:
        progress(len(paths), len(paths))


def count_processes(paths: Sequence[str], cpus: int) -> int:
    """Count the processes that pay for pictures, at most one a processor."""
    wanted = max(len(paths) / PICTURES_A_PROCESS, _estimate_bytes(paths) / BYTES_A_PROCESS)
    return int(max(1, min(cpus, MAX_PROCESSES, wanted)))


def _estimate_bytes(paths: Sequence[str]) -> float:
    """Estimate the bytes of all files from some of them."""
    some = paths[:: max(1, len(paths) // 16)]
    sizes = [os.stat(path).st_size for path in some if os.path.exists(path)]
    return sum(sizes) / max(1, len(sizes)) * len(paths)


def _decode_here(work: _Work, progress: Progress | None) -> None:
    for start in work.starts():
        fill(work.batch, work.paths_from(start), work.form, start)
        if progress is not None:
            progress(min(work.next_start[0], len(work.paths)), len(work.paths))


def _decode_there(work: _Work) -> None:
    try:
        helper = Helper()
    except HelperLost:
        return
    try:
        for start in work.starts():
            _hand_over(helper, work, start)
    except HelperLost:
        return  # this process decodes what is left
    finally:
        helper.stop()


def _hand_over(helper: Helper, work: _Work, start: int) -> None:
    try:
        helper.fill(work.batch, work.paths_from(start), work.form, start)
    except HelperLost:
        with work.lock:
            work.returned.append(start)
        raise
