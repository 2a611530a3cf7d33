"""A window that is one pack: the leader decides the shape, and the others are proposed given that shape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from packtune.models.configuration import Value
from packtune.proposals.codes import Floats
from packtune.proposals.encoding import Encoding, Region
from packtune.proposals.packing import shape_ranges, widest_of
from packtune.proposals.proposer import Capacity, Suggestion, Window
from packtune.space.space import Space


class RowSource(ABC):
    """Where the rows of one pack come from.

    Lifecycle: `leader` once, then `others` once.
    """

    @abstractmethod
    def leader(self) -> Floats:
        """Give the first row [columns], anywhere in the space."""

    @abstractmethod
    def others(self, n: int, region: Region) -> Floats:
        """Give the other rows [n, columns], all in the leader's region; n is 1 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackStart:
    """Where a pack begins; its draws are a function of this.

    Attributes:
        seed: of the search.
        pack: number of the pack.
        first: number of its first trial.
    """

    seed: int
    pack: int
    first: int


class PackWindow(Window):
    """Proposes one pack.

    Args:
        encoding: of the space.
        pack_size: the number of members that was asked for; none to take as many as the capacity allows.
        most: the largest number of members where `pack_size` is none.
    """

    def __init__(
        self, source: RowSource, space: Space, encoding: Encoding, *, pack_size: int | None, most: int
    ) -> None:
        self._source = source
        self._space = space
        self._encoding = encoding
        self._pack_size = pack_size
        self._most = most
        self._values: dict[str, Value] = encoding.decode(source.leader())
        self._configuration = space.configuration_of(self._values)

    def leader(self) -> Suggestion:
        return Suggestion(values=self._values)

    def size(self, capacity: Capacity) -> int:
        # The others may be wider than the leader, up to the limit of the shape.
        return self._pack_size or min(capacity(widest_of(self._configuration)), self._most)

    def others(self, n: int) -> list[Suggestion]:
        rows = self._source.others(n, self._region()) if n else ()
        return [Suggestion(values=self._encoding.decode(row)) for row in rows]

    def _region(self) -> Region:
        """Give the region of the leader's shape."""
        ranges = shape_ranges(self._configuration)
        known = [each for each in self._space.dimensions if each.key in self._values and each.name in ranges]
        return self._encoding.region({each.key: ranges[each.name] for each in known})
