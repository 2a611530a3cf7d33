"""What the driver of a run notes for those who watch it: a small file beside the study, which lasts as long as it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from packtune.data.files import readable
from packtune.dispatch.standing import Standing, add_up
from packtune.files import TEMPORARY
from packtune.report.live.progress import ProgressView, Speed
from packtune.run.watching.form import list_of, number_of, one_line, read_standing, table_of, write_standing

NAME = f".progress{TEMPORARY}"
"""Of the file. By this ending, what a driver leaves that was killed is removed by the next one."""
INTERVAL_S = 1.0
"""No standing is noted sooner after another one."""
MOST_SAID = 20
MOST_BYTES = 2**20


class ProgressNote:
    """Notes how far a run is. What cannot be written is not noted: nothing of the run depends on it.

    Args:
        folder: of the run.
        clock: gives seconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folder / NAME
        self._clock = clock
        self._speed = Speed(clock)
        self._stage = ""
        self._standing: Standing | None = None
        self._said: deque[tuple[int, str]] = deque(maxlen=MOST_SAID)
        self._n_said = 0
        self._noted_s = -INTERVAL_S
        self._later: threading.Timer | None = None
        self._writing = threading.RLock()
        self._is_over = False

    def stage(self, text: str) -> None:
        """Note what is being prepared."""
        self._stage = text
        self._write()

    def say(self, text: str) -> None:
        """Note a line that stays."""
        self._n_said += 1
        self._said.append((self._n_said, text))
        self._write()

    def show(self, standing: Standing) -> None:
        """Note a new standing, at once or within a second."""
        self._stage = ""
        self._speed.note(standing)
        self._standing = standing
        wait_s = self._noted_s + INTERVAL_S - self._clock()
        with self._writing:
            if wait_s <= 0:
                self._write()
            elif self._later is None and not self._is_over:
                self._later = threading.Timer(wait_s, self._write)
                self._later.daemon = True
                self._later.start()

    def close(self) -> None:
        """Remove the note: the run goes on no more."""
        with self._writing:
            self._is_over = True
            self._forget_later()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        with self._writing:
            self._forget_later()
            if self._is_over:
                return
            self._noted_s = self._clock()
            temporary = self._path.with_name(f".progress.{os.getpid()}{TEMPORARY}")
            with suppress(OSError):
                temporary.write_text(json.dumps(self._content(), separators=(",", ":")), encoding="utf-8")
                os.replace(temporary, self._path)

    def _forget_later(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _content(self) -> dict[str, object]:
        standing = self._standing
        return {
            "at": time.time(),
            "stage": self._stage,
            "said": list(self._said),
            "standing": None if standing is None else write_standing(standing, self._speed.pace(standing)),
        }


class NotedView(ProgressView):
    """Shows progress in another view, and notes it for those who watch.

    Args:
        folders: of the runs that are carried out together.
    """

    def __init__(self, view: ProgressView, folders: Sequence[Path]) -> None:
        self._view = view
        self._names = [readable(folder.name) for folder in folders]
        self._notes = [ProgressNote(folder) for folder in folders]

    def stage(self, text: str) -> None:
        for note in self._notes:
            note.stage(text)
        self._view.stage(text)

    def say(self, text: str) -> None:
        for note in self._notes:
            note.say(text)
        self._view.say(text)

    def show(self, standing: Standing) -> None:
        self._view.show(standing)

    def show_each(self, standings: Sequence[Standing]) -> None:
        """Note the standing of each run, in the order of the folders, and show all of them together."""
        for note, standing in zip(self._notes, standings, strict=True):
            note.show(standing)
        named = map(_named, standings, self._names) if len(standings) > 1 else standings
        self._view.show(add_up(list(named)))

    def close(self) -> None:
        self.end_notes()
        self._view.close()

    def end_notes(self) -> None:
        """Remove the notes, and leave the view open."""
        for note in self._notes:
            note.close()


def _named(standing: Standing, search: str) -> Standing:
    """Say of the packs of a standing to which search they belong."""
    return replace(standing, packs=tuple(replace(pack, search=search) for pack in standing.packs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What a driver has noted.

    Attributes:
        stage: what is being prepared; empty if nothing is.
        said: lines that stay, each with its number, from 1.
        standing: none before the first.
    """

    stage: str
    said: tuple[tuple[int, str], ...]
    standing: Standing | None


def read_note(folder: Path) -> Noted | None:
    """Read what the driver of a run has noted last; none if there is nothing, or nothing that can be understood."""
    try:
        with (folder / NAME).open("rb") as file:
            return _read(table_of(json.loads(file.read(MOST_BYTES))))
    except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def _read(values: Mapping[str, object]) -> Noted:
    standing, passed_s = values["standing"], max(0.0, time.time() - number_of(values["at"]))
    return Noted(
        stage=one_line(values["stage"]),
        said=tuple(_line(*list_of(each)) for each in list_of(values["said"])),
        standing=None if standing is None else read_standing(standing, passed_s),
    )


def _line(number: object, text: object) -> tuple[int, str]:
    return int(number_of(number)), one_line(text)
