"""A space in each of the ways in which a user gives it: a name, a file, a `Space`, or a table like that of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from packtune.errors import SpaceError
from packtune.models.own.hyperparameters import NetworkSpace, hyperparameters_with
from packtune.space.catalog import is_file, load_space
from packtune.space.change_words import GivenChanges, read_changes
from packtune.space.changes import change_space
from packtune.space.file import decode_space, make_space, parse_space, read_bytes, space_to_toml
from packtune.space.joining import with_network
from packtune.space.space import Space

GivenSpace = str | Path | Space | Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceSource:
    """A space, and how a run finds it again.

    Attributes:
        name: a built-in name, or the path of a TOML file; for a `Space` or a table, the name of the file to make.
        space: the space itself.
        content: of the file, to be kept with the run; none for a built-in space.
        changes: of that space, which `space` has already; as `read_changes` reads them.
    """

    name: str
    space: Space
    content: bytes | None = None
    changes: tuple[str, ...] = ()

    @property
    def changed_names(self) -> tuple[str, ...]:
        """The hyperparameters that `changes` change."""
        return tuple(change.name for change in read_changes(self.changes, hyperparameters_with(self.space.network)))

    def changed(self, given: GivenChanges) -> SpaceSource:
        """Change hyperparameters.

        Raises:
            SpaceError: see `read_changes` and `change_space`.
        """
        changes = read_changes(given, hyperparameters_with(self.space.network))
        return replace(self, space=change_space(self.space, changes), changes=tuple(map(str, changes)))


def find_space(given: GivenSpace, network: NetworkSpace | None = None) -> SpaceSource:
    """Find a space.

    Args:
        network: a network of the user's own, which gets the place of built-in ones; none for these.
        given: a built-in name; the path of a TOML file; a `Space` without a list; or a table like that of a file.

    Raises:
        SpaceError: there is no such space, it cannot be searched, or a file cannot hold it.
    """
    found = _find(given, network)
    return found if network is None else replace(found, space=with_network(found.space, network))


def _find(given: GivenSpace, network: NetworkSpace | None) -> SpaceSource:
    if isinstance(given, Space):
        return _from_space(given, network)
    if isinstance(given, Mapping):
        return _from_space(make_space(given, name="my-space", source="given as a table", network=network), network)
    name = str(given)
    if not is_file(name):
        return SpaceSource(name=name, space=load_space(name))
    content = read_bytes(Path(name))
    space = parse_space(decode_space(content, name), name=Path(name).name, source=name, network=network)
    return SpaceSource(name=name, space=space, content=content)


def _from_space(space: Space, network: NetworkSpace | None) -> SpaceSource:
    if space.listed:
        raise SpaceError(
            f"the space {space.name!r} lists its configurations, which its file cannot hold: leave `listed` out, and "
            "give each hyperparameter its choices"
        )
    name = f"{space.name.removesuffix('.toml')}.toml"
    content = space_to_toml(space)
    # As the run reads it when it is resumed: a learning rate of 1 has become 1.0, for example.
    dimensions = parse_space(content, name=name, source=name, network=network).dimensions
    return SpaceSource(name=name, space=replace(space, dimensions=dimensions), content=content.encode())
