"""Which trials form which pack, and in which parts a pack is trained; kept with the study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from packtune.errors import RunError
from packtune.trial import Pack, Proposal

WINDOW = "window:"
PARTS = "parts:"


class PackNotes:
    """The packs of one study.

    Args:
        study: its name, for errors.
        read: gives the notes of the study by name.
        write: sets one note of the study.
    """

    def __init__(
        self,
        study: str,
        read: Callable[[], Mapping[str, object]],
        write: Callable[[str, Sequence[Sequence[int]]], None],
    ) -> None:
        self._study = study
        self._read = read
        self._write = write

    def assign(self, first: int, packs: Sequence[Sequence[int]]) -> None:
        """Note how the trials of a window are grouped into packs: one record for all.

        Args:
            first: number of the window's first trial.
            packs: the numbers of the trials of each pack.
        """
        self._write(f"{WINDOW}{first}", [list(pack) for pack in packs])

    def packs(self, proposals: Sequence[Proposal]) -> list[Pack]:
        """List the packs assigned so far, in order.

        Args:
            proposals: of all trials, by number.

        Raises:
            RunError: the study is damaged.
        """
        try:
            numbers = [pack for _, packs in sorted(self._windows()) for pack in packs]
            listed = [trial for pack in numbers for trial in pack]
            if len(set(listed)) < len(listed) or min(listed, default=0) < 0:
                raise ValueError("a trial is in two packs")
            return [Pack(number=n, proposals=tuple(proposals[t] for t in pack)) for n, pack in enumerate(numbers)]
        except (TypeError, ValueError, IndexError) as error:
            raise self._damaged("packs", error) from error

    def count_trials(self) -> int:
        """Count the trials that are in packs; 0 if the notes are damaged."""
        try:
            return sum(len(pack) for _, packs in self._windows() for pack in packs)
        except (TypeError, ValueError):
            return 0

    def split(self, pack: Pack, parts: Sequence[Pack]) -> None:
        """Note that a pack is trained in these parts from now on."""
        self._write(f"{PARTS}{pack.number}", [list(part.trials) for part in parts])

    def parts(self, pack: Pack) -> list[Pack]:
        """List the parts in which a pack is trained: the pack itself, unless it was split.

        Raises:
            RunError: the study is damaged.
        """
        proposals = dict(zip(pack.trials, pack.proposals, strict=True))
        try:
            noted = _lists(self._read().get(f"{PARTS}{pack.number}", [pack.trials]))
            if [trial for part in noted for trial in part] != list(pack.trials) or not all(noted):
                raise ValueError(f"not the trials of pack {pack.number}")
            return [Pack(number=pack.number, proposals=tuple(proposals[t] for t in part)) for part in noted]
        except (TypeError, ValueError, KeyError) as error:
            raise self._damaged("parts of packs", error) from error

    def _windows(self) -> list[tuple[int, list[list[int]]]]:
        windows = [(key.removeprefix(WINDOW), packs) for key, packs in self._read().items() if key.startswith(WINDOW)]
        return [(int(first), _lists(packs)) for first, packs in windows]

    def _damaged(self, what: str, error: Exception) -> RunError:
        return RunError(f"the {what} of the study {self._study!r} are damaged ({error}): restore it from a copy")


def _lists(value: object) -> list[list[int]]:
    """Read lists of trial numbers.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(numbers, list | tuple) for numbers in value):
        raise TypeError("not lists of trials")
    if not all(type(number) is int for numbers in value for number in numbers):
        raise TypeError("not numbers of trials")
    return [list(numbers) for numbers in value]
