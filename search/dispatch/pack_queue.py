"""The packs that wait to be trained, and the parts into which some of them were split."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from packtune.study.pack_notes import PackNotes
from packtune.trial import Pack


class PackQueue:
    """All packs of a search so far, and those of them that wait.

    A pack may be split into parts; its parts keep its number. Which parts a pack has is noted with the study, so that
    after a crash the outcome of a part is not lost.

    Args:
        packs: assigned so far, in order.
        has_arrived: tells whether the outcomes of a pack, or of a part of one, are known.

    Raises:
        RunError: the study is damaged.
    """

    def __init__(self, notes: PackNotes, packs: Sequence[Pack], has_arrived: Callable[[Pack], bool]) -> None:
        self._notes = notes
        self._packs = list(packs)
        self._parts = {pack.number: notes.parts(pack) for pack in packs if not has_arrived(pack)}
        self._waiting = [part for parts in self._parts.values() for part in parts if not has_arrived(part)]
        self._n_trials = sum(len(pack.proposals) for pack in packs)

    @property
    def packs(self) -> Sequence[Pack]:
        """All packs so far, whole, in order."""
        return self._packs

    @property
    def n_trials(self) -> int:
        """The number of trials in all packs so far."""
        return self._n_trials

    @property
    def waiting(self) -> Sequence[Pack]:
        """The packs and parts that wait, in order."""
        return self._waiting

    def add(self, packs: Sequence[Pack]) -> None:
        """Take in the next packs."""
        self._packs += packs
        self._parts |= {pack.number: [pack] for pack in packs}
        self._waiting += packs
        self._n_trials += sum(len(pack.proposals) for pack in packs)

    def take(self, pack: Pack) -> None:
        """Remove a pack or a part that waits."""
        self._waiting.remove(pack)

    def put_back(self, *packs: Pack) -> None:
        """Let packs or parts wait again, each at its old position."""
        self._waiting = sorted([*packs, *self._waiting], key=lambda pack: (pack.number, pack.trials))

    def split(self, pack: Pack, parts: Sequence[Pack]) -> None:
        """Note that a pack, or a part of one, is trained in these parts from now on."""
        known = self._parts[pack.number]
        index = known.index(pack)
        known[index : index + 1] = parts
        self._notes.split(self.whole(pack), known)

    def whole(self, pack: Pack) -> Pack:
        """Give the whole pack of a part."""
        return self._packs[pack.number]
