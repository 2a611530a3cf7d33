"""Confirmations in which no winner held the score that a search should reach: kept with the study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from packtune.errors import RunError

ATTEMPT = "attempt:"


class Attempts:
    """The attempts of one study.

    Args:
        study: its name, for errors.
        read: gives the notes of the study by name.
        write: sets one note of the study.
    """

    def __init__(
        self, study: str, read: Callable[[], Mapping[str, object]], write: Callable[[str, Sequence[int]], None]
    ) -> None:
        self._study = study
        self._read = read
        self._write = write

    def note(self, packs: int, passing: int, score: float | None) -> None:
        """Note an attempt.

        Args:
            packs: that had been told.
            passing: trials among them that reached the score.
            score: that was asked for.
        """
        self._write(f"{ATTEMPT}{score!r}:{packs}", [passing])

    def read(self, score: float | None) -> list[int]:
        """List for each attempt at a score how many trials had reached it.

        Raises:
            RunError: the notes are damaged.
        """
        prefix = f"{ATTEMPT}{score!r}:"
        found = [value for name, value in self._read().items() if name.startswith(prefix)]
        if not all(isinstance(each, list) and len(each) == 1 and type(each[0]) is int for each in found):
            raise RunError(f"the attempts of the study {self._study!r} are damaged: restore it from a copy")
        return [each[0] for each in found if isinstance(each, list)]
