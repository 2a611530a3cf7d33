"""The facts of a report as JSON: one object, whose keys are the fields of `ReportFacts`."""

from __future__ import annotations

import dataclasses
import json

from packtune.report.facts.report import SCHEMA, ReportFacts


def to_json(facts: ReportFacts) -> str:
    """Write facts as JSON, with the version of their schema first and each part in a line of its own.

    A record is an object with the names of its fields, a tuple a list, none null. Numbers are exact.
    """
    parts = {"schema": SCHEMA, **_fields(facts)}
    lines = (f"{json.dumps(name)}: {_write(value)}" for name, value in parts.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _write(value: object) -> str:
    return json.dumps(value, default=_fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _fields(record: object) -> dict[str, object]:
    """Give the fields of a record by name, not copied.

    Raises:
        TypeError: it is no record.
    """
    if not dataclasses.is_dataclass(record) or isinstance(record, type):
        raise TypeError(f"{type(record).__name__} is no record that a report has")
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
