"""What a run keeps of a prepared data set besides its arrays, as JSON. Needs no PyTorch.

data.json             what was found, and how inputs are prepared
splits.csv            which row is in which split
data/*.npy            inputs and labels of each split, see `packtune.data.own.keeping`
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packtune.data.description import Description, Head, OwnData, Scaling
from packtune.data.options import DataOptions
from packtune.errors import CorruptFile

FACTS, ROWS, ARRAYS = "data.json", "splits.csv", "data"
FORMAT_VERSION = 1
_Values = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of a prepared data set without its examples.

    Attributes:
        own: what was found.
        scaling, preparation: see `packtune.data.dataset.Dataset`.
    """

    own: OwnData
    scaling: Scaling
    preparation: str


def write_facts(facts: Facts) -> str:
    """Write everything as JSON."""
    values = {"version": FORMAT_VERSION, **dataclasses.asdict(facts)}
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def read_facts(folder: Path) -> Facts | None:
    """Read what is known, from the folder of a run; none if the run has a built-in data set.

    Raises:
        CorruptFile: the file is damaged, or of a newer version.
    """
    file = folder / FACTS
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if values["version"] == FORMAT_VERSION:
            return _facts(values)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptFile(f"cannot read {file} ({error}): restore it from a copy, or start a new run") from error
    raise CorruptFile(f"{file} is of version {values['version']!r}, not {FORMAT_VERSION}: use a newer packtune")


# Any: the values come from a file. What is wrong in them shows where they are used.
def _facts(values: _Values) -> Facts:
    own, scaling = values["own"], values["scaling"]
    return Facts(
        own=OwnData(
            description=_description(own["description"]),
            format=own["format"],
            options=_options(own["options"]),
            counts=tuple(map(tuple, own["counts"])),
            is_split=tuple(own["is_split"]),
            notes=tuple(own["notes"]),
        ),
        scaling=Scaling(factors=tuple(scaling["factors"]), offsets=tuple(scaling["offsets"])),
        preparation=values["preparation"],
    )


def _description(values: _Values) -> Description:
    heads = tuple(Head(name=head["name"], classes=tuple(head["classes"])) for head in values["heads"])
    return Description(**{**values, "input_shape": tuple(values["input_shape"]), "heads": heads})


def _options(values: _Values) -> DataOptions:
    size = values["image_size"]
    known = {"target": tuple(values["target"]), "image_size": None if size is None else (size[0], size[1])}
    return DataOptions(**{**values, **known})
