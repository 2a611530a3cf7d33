"""Reads configurations that a user wants to be tried first: from texts, tables and files, a leaderboard among them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from packtune.data.files import readable
from packtune.errors import SettingsError, SpaceError, suggest_name
from packtune.models.configuration import HYPERPARAMETERS, Configuration, Value
from packtune.run.given.tries import Try
from packtune.space.change_words import Known, read_value
from packtune.space.file import decode_space, read_bytes
from packtune.toml_text import load_toml

GivenTry = str | Path | Mapping[str, object] | Configuration
ENDINGS = (".toml", ".json", ".csv")
OWN_COLUMNS = ("trial", "state")
"""Columns of our tables: where a file has both, all that are no hyperparameters are passed over."""
MOST_BYTES = 50_000_000


def read_tries(given: Sequence[GivenTry] | GivenTry, known: Known = HYPERPARAMETERS) -> list[Try]:
    """Read what was given; the values are of the right kinds, and may be outside their ranges.

    Args:
        known: all hyperparameters that there are.

    Raises:
        SettingsError: it is not understood, or a name is unknown.
    """
    several = [given] if isinstance(given, str | Path | Mapping | Configuration) else given
    return [each for one in several for each in TryReader(known).read(one)]


class TryReader:
    """Reads tries whose values are of known hyperparameters."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def read(self, given: GivenTry) -> list[Try]:
        if isinstance(given, Configuration):
            return [Try(source="a configuration", values=given.used())]
        if isinstance(given, Mapping):
            return [self._from_table("a table", given)]
        text = str(given)
        if isinstance(given, str) and "=" in text and not Path(text).is_file():
            return [self._from_text(text)]
        return self._from_file(Path(text))

    def _from_text(self, text: str) -> Try:
        values: dict[str, Value] = {}
        for part in text.split(","):
            name, equals, value = (word.strip() for word in part.partition("="))
            if not (name and equals and value):
                raise SettingsError(
                    f"try {text!r} is not understood at {part.strip()!r}: give NAME=VALUE,NAME=VALUE,..., or a file"
                )
            if name in values:
                raise SettingsError(f"try {text!r} gives {name} twice: give it once")
            values[name] = self._value(text, name, value)
        return Try(source=text, values=values)

    def _from_file(self, path: Path) -> list[Try]:
        shown = readable(str(path))
        if path.suffix.lower() not in ENDINGS:
            raise SettingsError(
                f"try {shown!r} is neither NAME=VALUE,... nor a file whose name ends in {', '.join(ENDINGS)}: give "
                "one of the two"
            )
        text = _text_of(path)
        match path.suffix.lower():
            case ".csv":
                found = self._from_csv(shown, text)
            case ".json":
                found = self._from_entries(shown, _parsed(shown, text))
            case _:
                found = self._from_entries(shown, _parsed(shown, text, toml=True))
        if not found:
            raise SettingsError(f"try {shown}: there is no configuration in it")
        return found

    def _from_entries(self, source: str, found: object) -> list[Try]:
        """Read a table of values; or a list of such tables, which is the only entry of a TOML file."""
        if isinstance(found, dict) and len(found) == 1 and not found.keys() & self._known.keys():
            (found,) = found.values()
        entries = found if isinstance(found, list) else [found]
        return [self._from_table(f"{source}, entry {number}", entry) for number, entry in enumerate(entries, 1)]

    def _from_table(self, source: str, entry: object) -> Try:
        if not isinstance(entry, Mapping):
            raise SettingsError(f"try {source}: {repr(entry)[:100]} is no table of values by name")
        values = {str(name): self._value(source, str(name), value) for name, value in entry.items()}
        return Try(source=source, values=values)

    def _from_csv(self, source: str, text: str) -> list[Try]:
        try:
            rows = list(csv.DictReader(io.StringIO(text), strict=True))
        except csv.Error as error:
            raise SettingsError(f"try {source} is not valid CSV: {error}: mend that") from error
        is_own = bool(rows) and all(column in rows[0] for column in OWN_COLUMNS)
        return [self._from_row(f"{source}, row {number}", row, is_own=is_own) for number, row in enumerate(rows, 1)]

    def _from_row(self, source: str, row: Mapping[str | None, object], *, is_own: bool) -> Try:
        """Read a row of a table; what is empty is left out."""
        values: dict[str, Value] = {}
        for name, cell in row.items():
            if name is None or cell is None:
                raise SettingsError(f"try {source}: it has another number of cells than the header: mend that")
            if cell != "" and not (is_own and name not in self._known):
                values[name] = self._value(source, name, cell)
        return Try(source=source, values=values)

    def _value(self, source: str, name: str, value: object) -> Value:
        if name not in self._known:
            raise SettingsError(f"try {source}: unknown hyperparameter {name!r}.{suggest_name(name, self._known)}")
        of = self._known[name]
        try:
            # Of other kinds than text, values come from Python, TOML or JSON; a learning rate of 1 is a number too.
            text = value if isinstance(value, str) else str(value).lower() if of.kind is bool else repr(value)
            return read_value(name, text, of)
        except SpaceError as error:
            raise SettingsError(f"try {source}: {str(error).removeprefix('set ')}") from error


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SettingsError(f"try {path}: the file has more than {MOST_BYTES // 10**6} MB: give a smaller one")
        return decode_space(read_bytes(path), str(path))
    except (SpaceError, OSError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SettingsError(f"try {path}: cannot be read: {why}: check the path and the file") from error


def _parsed(source: str, text: str, *, toml: bool = False) -> object:
    try:
        return load_toml(text) if toml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"try {source} is not valid {'TOML' if toml else 'JSON'}: {error}: mend that") from error
